#include "daemon/keeper/outbox.h"

#include <signal.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "base/link_error.h"
#include "base/monotonic_clock.h"
#include "daemon/keeper/fence.h"
#include "daemon/keeper/keeper_log.h"
#include "daemon/os/pidfd.h"
#include "daemon/os/scm_rights.h"

namespace ringmaster::keeper {
namespace {

template <typename Message>
void complete_header(Message& message, MessageType type) {
  message.header.type = static_cast<std::uint16_t>(type);
  message.header.size = sizeof message;
}

template <typename Message>
int send_message(int link, Message message, MessageType type, std::span<const int> fds = {}) {
  complete_header(message, type);
  return daemon::send_packet(link, std::as_bytes(std::span(&message, 1)), fds);
}

}  // namespace

template <typename Message>
void Outbox::answer(const Message& message) noexcept {
  static_assert(sizeof message <= sizeof reply_);
  std::memcpy(reply_.data(), &message, sizeof message);
  reply_size_ = sizeof message;
  send_answer();
}

void Outbox::acknowledge(std::uint64_t serial, int error, std::uint32_t value) noexcept {
  AckMessage message;
  complete_header(message, MessageType::Ack);
  message.serial = serial;
  message.error = error;
  message.value = value;
  answer(message);
}

void Outbox::refuse_spawn(const SpawnMessage& asked, daemon::SpawnFailure failure) noexcept {
  SpawnedMessage message;
  complete_header(message, MessageType::Spawned);
  message.serial = asked.serial;
  message.worker = asked.worker;
  message.incarnation = asked.incarnation;
  message.stage = static_cast<std::uint32_t>(failure.stage);
  message.error = failure.error;
  answer(message);
}

void Outbox::send_answer() noexcept {
  if (reply_size_ == 0) return;
  const int error = daemon::send_packet(supervisor_.link.get(), std::span(reply_).first(reply_size_));
  // If the link is dead, the supervisor is gone, which the next read will tell.
  if (!unsent(error) || link_is_dead(error)) reply_size_ = 0;
}

void Outbox::forget() noexcept {
  reply_size_ = 0;
  reports_waiting_ = false;
  retry_at_ns_ = refused_since_ns_ = 0;
}

// True if a packet was not sent: it is sent again later, or the supervisor is gone and a successor finds all in its
// table. After EAGAIN POLLOUT tells when to try again; after other errors a timer does, but only for a limited time:
// then the supervisor is killed. ETOOMANYREFS is not limited: descriptors in flight of this user would hinder a
// successor as well.
bool Outbox::unsent(int error) noexcept {
  if (error == 0 || error == EAGAIN) refused_since_ns_ = 0;
  if (error == 0 || error == EAGAIN || link_is_dead(error)) return error != 0;
  const std::uint64_t now_ns = monotonic_ns();
  retry_at_ns_ = now_ns + Fence::kRetryNs;
  if (error == ETOOMANYREFS) return true;
  if (refused_since_ns_ == 0) refused_since_ns_ = now_ns;
  if (now_ns - refused_since_ns_ < kRefusingLinkNs) return true;
  refused_since_ns_ = now_ns;
  say(Level::Error, "the link to the supervisor (pid %d) takes nothing: %s; killing it, for a successor to find all",
      supervisor_.pid, ::strerrordesc_np(error));
  // Not marked as condemned, so that it counts as a kill from outside.
  static_cast<void>(daemon::send_signal(supervisor_.pidfd.get(), SIGKILL));
  return true;
}

void Outbox::report(std::uint64_t now_ns) noexcept {
  if (supervisor_.pid == 0 || !supervisor_.link || now_ns < retry_at_ns_) return;
  retry_at_ns_ = 0;
  send_answer();
  reports_waiting_ = true;
  if (reply_size_ != 0) return;
  if (stop_signal_ != 0) {
    StopRequestedMessage message;
    message.signal = static_cast<std::uint32_t>(stop_signal_);
    if (unsent(send_message(supervisor_.link.get(), message, MessageType::StopRequested))) return;
    stop_signal_ = 0;
  }
  if (judge_.wants_to_ask()) {
    if (unsent(send_message(supervisor_.link.get(), AskMessage{}, MessageType::Ask))) return;
    judge_.asked();
  }
  for (WorkerEntry& slot : workers_.slots()) {
    if (slot.report_spawned && !report_spawned(slot)) return;
    if (slot.report_exit && !report_exit(slot)) return;
  }
  reports_waiting_ = false;
}

bool Outbox::report_spawned(WorkerEntry& slot) noexcept {
  SpawnedMessage message;
  message.serial = slot.spawn_serial;
  message.worker = slot.worker;
  message.incarnation = slot.incarnation;
  message.pid = slot.failed() ? 0 : slot.exit.pid;
  message.stage = static_cast<std::uint32_t>(slot.failure.stage);
  message.error = slot.failure.error;
  const int pidfd = slot.pidfd.get();
  const std::span<const int> fds = slot.failed() ? std::span<const int>{} : std::span<const int>(&pidfd, 1);
  if (unsent(send_message(supervisor_.link.get(), message, MessageType::Spawned, fds))) return false;
  slot.report_spawned = false;
  if (slot.failed()) workers_.release(slot);
  return true;
}

bool Outbox::report_exit(WorkerEntry& slot) noexcept {
  ExitedMessage message;
  message.exit = slot.exit;
  if (unsent(send_message(supervisor_.link.get(), message, MessageType::Exited))) return false;
  slot.report_exit = false;
  return true;
}

}  // namespace ringmaster::keeper
