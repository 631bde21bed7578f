#include "daemon/keeper/keeper.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/link_error.h"
#include "base/monotonic_clock.h"
#include "daemon/keeper/closing.h"
#include "daemon/keeper/keeper_log.h"
#include "daemon/keeper/worker_spawn.h"
#include "daemon/os/cgroup.h"
#include "daemon/os/pidfd.h"
#include "daemon/os/signals.h"

namespace ringmaster::keeper {
namespace {

// The longest wait if nothing is due. While the daemon starts or ends, or a worker is being fenced, it is one second.
constexpr std::uint64_t kLongestWaitNs = 60'000'000'000;
constexpr std::uint64_t kShortWaitNs = 1'000'000'000;
constexpr int kClosingPerRound = 8;    // children started to close descriptors
constexpr int kRequestsPerRound = 64;  // limited, so that a flood of requests does not delay the handling of deaths

// Descriptors that requests must leave free: for a successor's link and table, a worker's pipe, and reading /proc.
constexpr unsigned long kReservedFds = 64;

}  // namespace

int Keeper::run() noexcept {
  signals_ = daemon::open_signalfd({SIGTERM, SIGINT, SIGQUIT, SIGCHLD});
  if (!signals_) {
    say(Level::Error, "cannot watch for signals (errno %d)", errno);
    return kExitUnavailable;
  }
  if (setup_.owner.gone()) {
    say(Level::Info, "the owner has gone before the daemon began");
    return 0;
  }
  bystanders_.note_existing();
  next_start_.at_ns = monotonic_ns();
  start_when_due(next_start_.at_ns);
  for (;;) {
    wait(monotonic_ns());
    const std::uint64_t now_ns = monotonic_ns();
    read_signals(now_ns);
    look_at_owner(now_ns);
    if (supervisor_.pid != 0) read_requests(now_ns, false);
    look_at_workers(now_ns);
    if ((events_of(supervisor_.pidfd.get()) != 0 ||
         (supervisor_retry_at_ns_ != 0 && now_ns >= supervisor_retry_at_ns_)))
      bury_supervisor(now_ns);
    sweep(now_ns);
    if (close_retry_at_ns_ != 0 && now_ns >= close_retry_at_ns_) close_released(now_ns);
    judge(now_ns);
    enforce_stop(now_ns);
    outbox_.report(now_ns);
    start_when_due(now_ns);
    ping(now_ns);
    if (ended(now_ns)) return exit_code_;
  }
}

void Keeper::watch(int fd, short events) noexcept {
  if (fd >= 0 && polled_count_ < polled_.size()) polled_[polled_count_++] = pollfd{fd, events, 0};
}

short Keeper::events_of(int fd) const noexcept {
  if (fd < 0) return 0;
  const auto end = polled_.begin() + static_cast<std::ptrdiff_t>(polled_count_);
  const auto found = std::find_if(polled_.begin(), end, [fd](const pollfd& entry) { return entry.fd == fd; });
  return found == end ? short{0} : found->revents;
}

void Keeper::wait(std::uint64_t now_ns) noexcept {
  polled_count_ = 0;
  watch(signals_.get(), POLLIN);
  if (!owner_gone_ && !ending_) watch(setup_.owner.fd(), Owner::kEvents);
  if (supervisor_.link) {
    watch(supervisor_.link.get(),
          static_cast<short>((outbox_.owes_answer() ? 0 : POLLIN) | (outbox_.wants_room() ? POLLOUT : 0)));
  }
  if (supervisor_retry_at_ns_ == 0) watch(supervisor_.pidfd.get(), POLLIN);
  for (const WorkerEntry& slot : workers_.slots()) {
    if (slot.state == WorkerEntry::State::Starting && slot.exec_pipe) watch(slot.exec_pipe.get(), POLLIN);
    if (slot.unreaped() && slot.retry_at_ns == 0) watch(slot.pidfd.get(), POLLIN);
  }
  const std::uint64_t deadline_ns = next_deadline(now_ns);
  const std::uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
  if (::poll(polled_.data(), polled_count_, static_cast<int>((left_ns + 999'999) / 1'000'000)) <= 0) {
    for (pollfd& entry : std::span(polled_).first(polled_count_)) entry.revents = 0;
  }
}

std::uint64_t Keeper::next_deadline(std::uint64_t now_ns) const noexcept {
  const bool quiet = supervisor_.pid != 0 && !ending_ && stop_signal_ == 0 && !condemned_;
  std::uint64_t deadline_ns = now_ns + (quiet ? kLongestWaitNs : kShortWaitNs);
  const auto consider = [&deadline_ns](std::uint64_t at_ns) {
    if (at_ns != 0) deadline_ns = std::min(deadline_ns, at_ns);
  };
  if (quiet) consider(judge_.next_look_ns());
  consider(sweep_retry_at_ns_);
  consider(close_retry_at_ns_);
  consider(supervisor_retry_at_ns_);
  consider(outbox_.retry_at_ns());
  if (setup_.watchdog_ns != 0) consider(next_ping_ns_);
  if (supervisor_.pid == 0 && !ending_) consider(std::max(next_start_.at_ns, now_ns + Fence::kRetryNs / 4));
  for (const WorkerEntry& slot : workers_.slots()) consider(slot.retry_at_ns);
  return deadline_ns;
}

void Keeper::look_at_workers(std::uint64_t now_ns) noexcept {
  // The poll set holds the workers in the order of their slots, so one pass over both finds each event.
  std::size_t next = 0;
  const auto readable = [&](int fd) {
    for (std::size_t i = next; i < polled_count_; ++i) {
      if (polled_[i].fd != fd) continue;
      next = i + 1;
      return polled_[i].revents != 0;
    }
    return false;
  };
  while (next < polled_count_ &&
         (polled_[next].fd == signals_.get() || polled_[next].fd == setup_.owner.fd() ||
          polled_[next].fd == supervisor_.link.get() || polled_[next].fd == supervisor_.pidfd.get())) {
    ++next;
  }
  for (WorkerEntry& slot : workers_.slots()) {
    if (!slot.unreaped()) continue;
    const bool told = slot.exec_pipe && readable(slot.exec_pipe.get());
    const bool dead = slot.retry_at_ns != 0 ? now_ns >= slot.retry_at_ns : readable(slot.pidfd.get());
    if (slot.state == WorkerEntry::State::Starting && slot.exec_pipe && (told || dead)) read_exec_pipe(slot);
    if (!dead) continue;
    fence_.bury(slot, now_ns);
    sweep_wanted_ = true;
  }
}

void Keeper::sweep(std::uint64_t now_ns) noexcept {
  if (!sweep_wanted_ && (sweep_retry_at_ns_ == 0 || now_ns < sweep_retry_at_ns_)) return;
  sweep_wanted_ = false;
  sweep_retry_at_ns_ = fence_.sweep(workers_, supervisor_.pid, bystanders_) ? now_ns + Fence::kRetryNs : 0;
}

// If no child can be started now, or too many are stuck, the descriptors stay open and count.
void Keeper::close_released(std::uint64_t now_ns) noexcept {
  close_retry_at_ns_ = 0;
  std::array<UniqueFd, kMostClosedAtOnce> fds;
  for (int child = 0; deposits_.released() != 0; ++child) {
    const bool room = bystanders_.may_close();
    int error = room ? 0 : EAGAIN;
    if (room && child < kClosingPerRound) {
      const std::span some = std::span(fds).first(deposits_.take_released(fds));
      error = close_in_child(some, bystanders_);
      if (error != 0) deposits_.return_released(some);
    }
    if (error != 0 && !closing_is_late_) {
      say(Level::Warning, "%zu descriptors that are not needed any more cannot be closed yet: %s", deposits_.released(),
          room ? ::strerrordesc_np(error) : "as many closes are stuck in the kernel as there may be");
    }
    closing_is_late_ = error != 0;
    if (error == 0 && child < kClosingPerRound) continue;
    close_retry_at_ns_ = now_ns + (error != 0 ? Fence::kRetryNs : 1);
    return;
  }
}

void Keeper::kill_worker(WorkerEntry& slot, int signal) noexcept {
  if (signal == SIGKILL && slot.cgroup) static_cast<void>(daemon::kill_cgroup(slot.cgroup.get()));
  // A process that was just forked may have no group yet: then signal the process itself.
  if (::kill(-slot.exit.pid, signal) != 0 || signal == SIGKILL)
    static_cast<void>(daemon::send_signal(slot.pidfd.get(), signal));
}

void Keeper::kill_workers() noexcept {
  for (WorkerEntry& slot : workers_.slots()) {
    if (slot.unreaped()) kill_worker(slot, SIGKILL);
  }
}

void Keeper::read_signals(std::uint64_t now_ns) noexcept {
  while (const int signal = daemon::read_signal(signals_.get())) {
    if (signal == SIGCHLD) {
      sweep_wanted_ = true;
    } else {
      request_stop(signal, now_ns);
    }
  }
}

// Pings the service manager's watchdog while the supervisor lives or a successor is about to be started.
void Keeper::ping(std::uint64_t now_ns) noexcept {
  if (setup_.watchdog_ns == 0 || now_ns < next_ping_ns_ || judge_.too_silent()) return;
  setup_.notify.send("WATCHDOG=1");
  next_ping_ns_ = now_ns + setup_.watchdog_ns / 2;
}

void Keeper::read_requests(std::uint64_t now_ns, bool last_words) noexcept {
  for (int i = 0; last_words || i < kRequestsPerRound; ++i) {
    if (last_words) outbox_.drop_answer();
    if (outbox_.owes_answer() || !supervisor_.link) return;
    daemon::ReceivedPacket received = daemon::receive_packet(supervisor_.link.get(), packet_);
    if (received.error != 0) {
      if (!link_is_dead(received.error)) return;
      // The supervisor closed the link: it is ending, and its pidfd will tell. If not, it can no longer answer, and is
      // killed for that.
      if (!last_words) supervisor_.link.reset();
      return;
    }
    judge_.heard();
    handle(std::span(packet_).first(received.size), received, now_ns, last_words);
  }
}

void Keeper::handle(std::span<std::byte> packet, daemon::ReceivedPacket& received, std::uint64_t now_ns,
                    bool last_words) noexcept {
  const std::optional<MessageType> type = received.truncated ? std::nullopt : check_header(packet);
  if (!type) return outbox_.acknowledge(0, EBADMSG);
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
        return outbox_.acknowledge(message->serial, 0, released);
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
        WorkerEntry* const slot = workers_.find(message->worker, message->incarnation);
        if (slot != nullptr && slot->state == WorkerEntry::State::Fenced && !slot->failed()) workers_.release(*slot);
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
  outbox_.acknowledge(0, EBADMSG);
}

void Keeper::handle_beat(const BeatMessage& message, std::uint64_t now_ns) noexcept {
  stop_timeout_ms_ = message.stop_timeout_ms;
  const auto phase = static_cast<Phase>(message.phase);
  if (phase == Phase::Starting || phase == Phase::Serving || phase == Phase::Stopping) phase_ = phase;
  if (phase == Phase::Serving) pace_.on_serving(now_ns);
}

// True if few descriptors are left: the kernel gives out the lowest free number, so a high one means that.
bool Keeper::crowded(const daemon::ReceivedPacket& received) const noexcept {
  if (received.fds_truncated) return true;
  const unsigned long free_for_all = setup_.descriptors - std::min(kReservedFds, setup_.descriptors / 2);
  return std::ranges::any_of(std::span(received.fds).first(received.fd_count), [free_for_all](const UniqueFd& fd) {
    return static_cast<unsigned long>(fd.get()) >= free_for_all;
  });
}

void Keeper::handle_deposit(const DepositMessage& message, daemon::ReceivedPacket& received) noexcept {
  if (crowded(received)) return outbox_.acknowledge(message.serial, EMFILE);
  if (message.count > kMaxDepositsPerMessage || message.count != received.fd_count)
    return outbox_.acknowledge(message.serial, EINVAL);
  outbox_.acknowledge(message.serial, deposits_.add(std::span(message.labels).first(message.count),
                                                    std::span(received.fds).first(received.fd_count)));
}

void Keeper::handle_spawn(std::span<std::byte> packet, daemon::ReceivedPacket& received) noexcept {
  spawn_.message = {};
  const int error = received.fds_truncated ? EMFILE : read_spawn(packet, received.fd_count, spawn_);
  if (error != 0) return outbox_.refuse_spawn(spawn_.message, {daemon::SpawnStage::Request, error});
  if (crowded(received)) return outbox_.refuse_spawn(spawn_.message, {daemon::SpawnStage::Request, EMFILE});
  if (ending_) return outbox_.refuse_spawn(spawn_.message, {daemon::SpawnStage::Request, ECANCELED});
  if (workers_.find(spawn_.message.worker, spawn_.message.incarnation) != nullptr)
    return outbox_.refuse_spawn(spawn_.message, {daemon::SpawnStage::Request, EEXIST});
  WorkerEntry* const slot = workers_.take();
  if (slot == nullptr) return outbox_.refuse_spawn(spawn_.message, {daemon::SpawnStage::Request, ENFILE});
  const daemon::SpawnFailure failure =
      spawn_worker(spawn_, std::span(received.fds).first(received.fd_count), setup_.given, *slot);
  if (failure.error != 0) outbox_.refuse_spawn(spawn_.message, failure);
}

void Keeper::handle_signal(const SignalMessage& message) noexcept {
  WorkerEntry* const slot = workers_.find(message.worker, message.incarnation);
  if (slot == nullptr || !slot->unreaped()) return outbox_.acknowledge(message.serial, ESRCH);
  if (message.signal == 0 || message.signal >= static_cast<std::uint32_t>(NSIG))
    return outbox_.acknowledge(message.serial, EINVAL);
  kill_worker(*slot, static_cast<int>(message.signal));
  outbox_.acknowledge(message.serial, 0);
}

}  // namespace ringmaster::keeper
