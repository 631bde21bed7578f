#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/link_error.h"
#include "base/monotonic_clock.h"
#include "daemon/keeper/keeper.h"
#include "daemon/keeper/keeper_log.h"
#include "daemon/keeper/worker_spawn.h"
#include "daemon/os/pidfd.h"

namespace ringmaster::keeper {
namespace {

constexpr int kRequestsPerRound = 64;  // so that a flood of requests delays no death

// Descriptors that no request may take: a successor's link and table, a worker's pipe, the fence's look into /proc.
constexpr unsigned long kReservedFds = 64;

template <typename Message>
void complete_header(Message& message, MessageType type) {
  message.header.type = static_cast<std::uint16_t>(type);
  message.header.size = sizeof message;
}

template <typename Message>
int send_message(int link, Message message, MessageType type, std::span<const int> fds = {}) {
  complete_header(message, type);
  return send_packet(link, std::as_bytes(std::span(&message, 1)), fds);
}

}  // namespace

void Keeper::read_requests(std::uint64_t now_ns, bool last_words) noexcept {
  for (int i = 0; last_words || i < kRequestsPerRound; ++i) {
    if (last_words) reply_size_ = 0;  // nobody reads answers any more
    if (reply_size_ != 0 || !supervisor_.link) return;
    ReceivedPacket received = receive_packet(supervisor_.link.get(), packet_);
    if (received.error != 0) {
      if (!link_is_dead(received.error)) return;
      // Closed: it is ending, and its pidfd tells next; if it is not, it cannot beat any more and is judged by that.
      if (!last_words) supervisor_.link.reset();
      return;
    }
    judge_.heard();
    handle(std::span(packet_).first(received.size), received, now_ns, last_words);
  }
}

void Keeper::handle(std::span<std::byte> packet, ReceivedPacket& received, std::uint64_t now_ns,
                    bool last_words) noexcept {
  const std::optional<MessageType> type = received.truncated ? std::nullopt : check_header(packet);
  if (!type) return acknowledge(0, EBADMSG);
  switch (*type) {
    case MessageType::Beat:
      if (const auto message = read_message<BeatMessage>(packet)) return handle_beat(*message, now_ns);
      break;
    case MessageType::Deposit:
      if (const auto message = read_message<DepositMessage>(packet)) return handle_deposit(*message, received);
      break;
    case MessageType::Release:
      if (const auto message = read_message<ReleaseMessage>(packet)) {
        const std::uint32_t released = deposits_.release(*message);
        close_released(now_ns);
        return acknowledge(message->serial, 0, released);
      }
      break;
    case MessageType::Spawn:
      if (!last_words) return handle_spawn(packet, received);
      return;
    case MessageType::Signal:
      if (const auto message = read_message<SignalMessage>(packet)) return handle_signal(*message);
      break;
    case MessageType::ExitAck:
      if (const auto message = read_message<ExitAckMessage>(packet)) {
        WorkerSlot* const slot = workers_.find(message->worker, message->incarnation);
        if (slot != nullptr && slot->state == WorkerSlot::State::Fenced && !slot->failed()) workers_.free(*slot);
        return;
      }
      break;
    case MessageType::Notify:
      if (const auto message = read_message<NotifyMessage>(packet)) {
        const std::string_view text(message->text, std::min<std::size_t>(message->length, kMaxNotifyText));
        if (notify_text_allowed(text)) {
          setup_.notify.send(text);
        } else {
          say(Level::Warning, "the supervisor's message for the service manager is not one that it may send");
        }
        return;
      }
      break;
    case MessageType::Ack:
    case MessageType::Spawned:
    case MessageType::Exited:
    case MessageType::StopRequested:
    case MessageType::Ask:
      break;
  }
  acknowledge(0, EBADMSG);
}

void Keeper::handle_beat(const BeatMessage& message, std::uint64_t now_ns) noexcept {
  stop_timeout_ms_ = message.stop_timeout_ms;
  const auto phase = static_cast<Phase>(message.phase);
  if (phase == Phase::Starting || phase == Phase::Serving || phase == Phase::Stopping) phase_ = phase;
  if (phase == Phase::Serving) pace_.on_serving(now_ns);
}

// The kernel gives out the lowest number that is free: a high one says that nearly all are taken.
bool Keeper::crowded(const ReceivedPacket& received) const noexcept {
  if (received.fds_truncated) return true;
  const unsigned long free_for_all = setup_.descriptors - std::min(kReservedFds, setup_.descriptors / 2);
  return std::ranges::any_of(std::span(received.fds).first(received.fd_count), [free_for_all](const UniqueFd& fd) {
    return static_cast<unsigned long>(fd.get()) >= free_for_all;
  });
}

void Keeper::handle_deposit(const DepositMessage& message, ReceivedPacket& received) noexcept {
  if (crowded(received)) return acknowledge(message.serial, EMFILE);
  if (message.count > kMaxDepositsPerMessage || message.count != received.fd_count)
    return acknowledge(message.serial, EINVAL);
  acknowledge(message.serial, deposits_.add(std::span(message.labels).first(message.count),
                                            std::span(received.fds).first(received.fd_count)));
}

void Keeper::handle_spawn(std::span<std::byte> packet, ReceivedPacket& received) noexcept {
  spawn_.message = {};
  const int error = received.fds_truncated ? EMFILE : read_spawn(packet, received.fd_count, spawn_);
  if (error != 0) return refuse_spawn({SpawnStage::Request, error});
  if (crowded(received)) return refuse_spawn({SpawnStage::Request, EMFILE});
  if (ending_) return refuse_spawn({SpawnStage::Request, ECANCELED});
  if (workers_.find(spawn_.message.worker, spawn_.message.incarnation) != nullptr)
    return refuse_spawn({SpawnStage::Request, EEXIST});
  WorkerSlot* const slot = workers_.take();
  if (slot == nullptr) return refuse_spawn({SpawnStage::Request, ENFILE});
  const SpawnFailure failure =
      spawn_worker(spawn_, std::span(received.fds).first(received.fd_count), setup_.given, *slot);
  if (failure.error != 0) refuse_spawn(failure);
}

void Keeper::handle_signal(const SignalMessage& message) noexcept {
  WorkerSlot* const slot = workers_.find(message.worker, message.incarnation);
  if (slot == nullptr || !slot->unreaped()) return acknowledge(message.serial, ESRCH);
  if (message.signal == 0 || message.signal >= static_cast<std::uint32_t>(NSIG))
    return acknowledge(message.serial, EINVAL);
  kill_worker(*slot, static_cast<int>(message.signal));
  acknowledge(message.serial, 0);
}

void Keeper::acknowledge(std::uint64_t serial, int error, std::uint32_t value) noexcept {
  AckMessage message;
  complete_header(message, MessageType::Ack);
  message.serial = serial;
  message.error = error;
  message.value = value;
  std::memcpy(reply_.data(), &message, sizeof message);
  reply_size_ = sizeof message;
  send_reply();
}

void Keeper::refuse_spawn(SpawnFailure failure) noexcept {
  SpawnedMessage message;
  complete_header(message, MessageType::Spawned);
  message.serial = spawn_.message.serial;
  message.worker = spawn_.message.worker;
  message.incarnation = spawn_.message.incarnation;
  message.stage = static_cast<std::uint32_t>(failure.stage);
  message.error = failure.error;
  std::memcpy(reply_.data(), &message, sizeof message);
  reply_size_ = sizeof message;
  send_reply();
}

void Keeper::send_reply() noexcept {
  if (reply_size_ == 0) return;
  const int error = send_packet(supervisor_.link.get(), std::span(reply_).first(reply_size_));
  // Who asked is gone: what is left to read of it tells that next.
  if (!unsent(error) || link_is_dead(error)) reply_size_ = 0;
}

// Whether a packet has not been sent: again later, or its reader is gone and a successor finds all in its table. Where
// POLLOUT would not tell when (it would say "now", for ever), a while later, but not for ever; only descriptors that
// others of this user have under way (ETOOMANYREFS) hinder a successor just as well.
bool Keeper::unsent(int error) noexcept {
  if (error == 0 || error == EAGAIN) refused_since_ns_ = 0;
  if (error == 0 || error == EAGAIN || link_is_dead(error)) return error != 0;
  const std::uint64_t now_ns = monotonic_ns();
  send_retry_at_ns_ = now_ns + Fence::kRetryNs;
  if (error == ETOOMANYREFS) return true;
  if (refused_since_ns_ == 0) refused_since_ns_ = now_ns;
  if (now_ns - refused_since_ns_ < kRefusingLinkNs) return true;
  refused_since_ns_ = now_ns;
  say(Level::Error, "the link to the supervisor (pid %d) takes nothing: %s; killing it, for a successor to find all",
      supervisor_.pid, ::strerrordesc_np(error));
  // Not condemned: it counts as a kill from elsewhere, which it is.
  static_cast<void>(send_signal(supervisor_.pidfd.get(), SIGKILL));
  return true;
}

void Keeper::report(std::uint64_t now_ns) noexcept {
  if (supervisor_.pid == 0 || !supervisor_.link || now_ns < send_retry_at_ns_) return;
  send_retry_at_ns_ = 0;
  send_reply();
  reports_waiting_ = true;
  if (reply_size_ != 0) return;
  if (stop_unsent_) {
    StopRequestedMessage message;
    message.signal = static_cast<std::uint32_t>(stop_signal_);
    if (unsent(send_message(supervisor_.link.get(), message, MessageType::StopRequested))) return;
    stop_unsent_ = false;
  }
  if (judge_.wants_to_ask()) {
    if (unsent(send_message(supervisor_.link.get(), AskMessage{}, MessageType::Ask))) return;
    judge_.asked();
  }
  for (WorkerSlot& slot : workers_.slots()) {
    if (slot.report_spawned && !report_spawned(slot)) return;
    if (slot.report_exit && !report_exit(slot)) return;
  }
  reports_waiting_ = false;
}

bool Keeper::report_spawned(WorkerSlot& slot) noexcept {
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
  if (slot.failed()) workers_.free(slot);
  return true;
}

bool Keeper::report_exit(WorkerSlot& slot) noexcept {
  ExitedMessage message;
  message.exit = slot.exit;
  if (unsent(send_message(supervisor_.link.get(), message, MessageType::Exited))) return false;
  slot.report_exit = false;
  return true;
}

}  // namespace ringmaster::keeper
