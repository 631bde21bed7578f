#include "daemon/loop/keeper_link.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "base/link_error.h"
#include "base/overloaded.h"
#include "daemon/log/log.h"
#include "daemon/os/scm_rights.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kRetryPause = std::chrono::milliseconds{2};

// Without `done` only the log can tell that a successor will lack this descriptor.
void held(const std::function<void(int)>& done, int error) {
  if (done) return done(error);
  if (error != 0) log_error("the keeper cannot hold a descriptor", {{"error", std::strerror(error)}});
}

}  // namespace

KeeperLink::KeeperLink(EventLoop& loop, UniqueFd socket) : loop_(loop), socket_(std::move(socket)) {}
KeeperLink::~KeeperLink() = default;

void KeeperLink::start(Listener listener) {
  listener_ = std::move(listener);
  heard_ = loop_.now();
  watch_ = std::make_unique<FdWatch>(loop_, socket_.get(), [this] { receive(); });
  beat();
}

void KeeperLink::deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
                         std::function<void(int)> done) {
  const std::uint64_t serial = ++last_serial_;
  const int error = send(keeper::encode_deposit(serial, labels), fds);
  if (error == 0) {
    acks_[serial] = std::move(done);
  } else {
    loop_.post([done = std::move(done), error] { held(done, error); });
  }
}

void KeeperLink::release(const keeper::ReleaseSelector& selector) {
  send(keeper::encode_release(++last_serial_, selector));
}

void KeeperLink::release_later(const keeper::ReleaseSelector& selector) {
  loop_.post([this, selector] { release(selector); });
}

Result<void> KeeperLink::spawn(const keeper::SpawnSpec& spec, std::span<const int> fds, SpawnDone done) {
  const std::uint64_t serial = ++last_serial_;
  auto packet = keeper::encode_spawn(serial, spec);
  if (!packet) return packet.error();
  if (const int error = send(std::move(*packet), fds); error != 0) {
    return errno_error("cannot ask the keeper for a worker", error);
  }
  spawns_[serial] = std::move(done);
  return {};
}

void KeeperLink::signal(std::uint32_t worker, std::uint32_t incarnation, int number) {
  send(keeper::encode_signal(++last_serial_, worker, incarnation, number));
}

void KeeperLink::ack_exit(std::uint32_t worker, std::uint32_t incarnation) {
  send(keeper::encode_exit_ack(worker, incarnation));
}

void KeeperLink::notify(std::string_view text) { send(keeper::encode_notify(text)); }

void KeeperLink::set_phase(keeper::Phase phase, std::chrono::milliseconds stop_timeout) {
  phase_ = phase;
  stop_timeout_ = stop_timeout;
  beat();
}

void KeeperLink::beat() { send(keeper::encode_beat(phase_, stop_timeout_)); }

// Order matters (a deposit must come before the spawn that needs it), so while one packet waits all others wait too.
int KeeperLink::send(keeper::Packet packet, std::span<const int> fds) {
  if (waiting_.empty()) {
    const int error = send_packet(socket_.get(), packet, fds);
    if (!refused(error)) return 0;
  }
  Outgoing kept{std::move(packet), {}};
  for (const int fd : fds) {
    kept.fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!kept.fds.back()) return errno;
  }
  waiting_.push_back(std::move(kept));
  flush();
  return 0;
}

// True if a packet must be sent again. False: the link is dead, or has taken nothing for a long time, and is lost. The
// time is not limited for ETOOMANYREFS: descriptors in flight of this user would hinder a successor too.
bool KeeperLink::refused(int error) {
  if (error == 0 || error == EAGAIN) refused_since_.reset();
  if (error == 0 || error == EAGAIN || error == ETOOMANYREFS) return error != 0;
  if (!refused_since_) refused_since_ = loop_.now();
  if (!link_is_dead(error) && loop_.now() - *refused_since_ < std::chrono::nanoseconds{kRefusingLinkNs}) return true;
  lost();
  return false;
}

void KeeperLink::flush() {
  while (!waiting_.empty()) {
    const Outgoing& next = waiting_.front();
    std::vector<int> fds;
    for (const UniqueFd& fd : next.fds) fds.push_back(fd.get());
    const int error = send_packet(socket_.get(), next.packet, fds);
    if (refused(error)) {
      if (retrying_) return;
      retrying_ = true;
      loop_.after(kRetryPause, [this] {
        retrying_ = false;
        flush();
      });
      return;
    }
    if (error != 0) return;
    waiting_.pop_front();
  }
}

void KeeperLink::receive() {
  std::vector<std::byte> buffer(keeper::kMaxMessage);
  while (watch_) {
    const ReceivedPacket packet = receive_packet(socket_.get(), buffer);
    if (link_is_dead(packet.error)) return lost();
    if (packet.error != 0) return;  // a temporary failure; the packet is still there
    heard_ = loop_.now();
    const auto event = keeper::decode_keeper_event(std::span(buffer).first(packet.size));
    if (!event) {
      log_error("a packet from the keeper cannot be read", {{"error", event.error().message}});
      continue;
    }
    dispatch(*event);
  }
}

void KeeperLink::dispatch(const keeper::KeeperEvent& event) {
  std::visit(Overloaded{
                 [this](const keeper::AckMessage& ack) {
                   const auto at = acks_.find(ack.serial);
                   if (at == acks_.end()) return;
                   const auto done = std::move(at->second);
                   acks_.erase(at);
                   held(done, ack.error);
                 },
                 [this](const keeper::SpawnedMessage& spawned) {
                   const auto at = spawns_.find(spawned.serial);
                   if (at == spawns_.end()) return;  // a predecessor's request: the worker is in the inherited table
                   const auto done = std::move(at->second);
                   spawns_.erase(at);
                   done(spawned);
                 },
                 [this](const keeper::ExitRecord& exit) { listener_.on_exit(exit); },
                 [this](const keeper::StopRequestedMessage&) { listener_.on_stop(); },
                 [this](const keeper::AskMessage&) { beat(); },
             },
             event);
}

void KeeperLink::lost() {
  if (!watch_) return;
  watch_.reset();
  if (listener_.on_lost) listener_.on_lost();
}

}  // namespace ringmaster::daemon
