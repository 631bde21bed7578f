#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/plant.h"
#include "daemon/keeper/keeper.h"
#include "daemon/keeper/keeper_log.h"
#include "daemon/os/pidfd.h"
#include "daemon/os/signals.h"

namespace ringmaster::keeper {
namespace {

constexpr std::uint64_t kSecond = RestartPace::kSecond;
constexpr std::uint64_t kUnkillableNs = 3 * kSecond;  // what survives SIGKILL for longer is stuck in the kernel
constexpr std::uint64_t kStopSlackNs = 15 * kSecond;  // on top of the supervisor's own shutdown_timeout
constexpr std::uint64_t kOwnerSlackNs = 2 * kSecond;  // the same after the owner's end
constexpr std::uint64_t kColdWaitNs = 10 * kSecond;   // for the fences before a cold start
constexpr std::uint64_t kEndingNs = 10 * kSecond;     // for the fences at the very end
constexpr std::uint64_t kClosingNs = kSecond;         // for children that close descriptors
constexpr int kExitNotRun = 127;                      // exit code of the dynamic loader, and of a failed exec
constexpr int kExitKilled = 1;                        // the stop was not orderly

}  // namespace

void Keeper::start_when_due(std::uint64_t now_ns) noexcept {
  if (ending_ || supervisor_.pid != 0 || now_ns < next_start_.at_ns) return;
  if (next_start_.cold && workers_.any_unfenced() && now_ns < next_start_.at_ns + kColdWaitNs) return;
  if (next_start_.drop_deposits) {
    deposits_.drop_state();
    close_released(now_ns);
    for (WorkerEntry& slot : workers_.slots()) {
      if (slot.state == WorkerEntry::State::Fenced) workers_.release(slot);
    }
  }
  const int error = start_supervisor(setup_.program, started_ + 1, next_start_.cold, deposits_, workers_, supervisor_);
  if (error != 0 && started_ == 0 && (error == EFBIG || error == EMFILE)) {
    // A limit of this process: trying again would not help.
    const bool files = error == EFBIG;
    rlimit limit{};
    ::getrlimit(files ? RLIMIT_FSIZE : RLIMIT_NOFILE, &limit);
    say(Level::Error, "cannot start the supervisor: %s: the limit of %s is %llu: raise %s", ::strerrordesc_np(error),
        files ? "file sizes, which shared memory counts against," : "open descriptors",
        static_cast<unsigned long long>(limit.rlim_cur),
        files ? "ulimit -f, or LimitFSIZE= of the service" : "ulimit -n, or LimitNOFILE= of the service");
    return begin_end(kExitUnavailable, now_ns);
  }
  if (error != 0) {
    say(Level::Error, "cannot start the supervisor: %s; trying again in 1 s", ::strerrordesc_np(error));
    next_start_.at_ns = now_ns + kSecond;
    return;
  }
  ++started_;
  if (started_ > 1) {
    say(Level::Warning, "supervisor %u started%s (pid %d)", started_, next_start_.cold ? " cold" : "", supervisor_.pid);
  }
  judge_.start(now_ns);
  phase_ = Phase::Starting;
  condemned_ = false;
  outbox_.ask_to_stop(stop_signal_);
}

void Keeper::judge(std::uint64_t now_ns) noexcept {
  if (supervisor_.pid == 0) return;
  judge_.look(now_ns);
  if (judge_.too_silent() && !condemned_) {
    say(Level::Error, "the supervisor (pid %d) does not answer for %u s; killing it", supervisor_.pid,
        static_cast<unsigned>(judge_.silence_ns() / kSecond));
    condemned_ = true;
    condemned_at_ns_ = now_ns;
  }
  // Sent again at each look: a kill that was refused (EPERM of a security module) must not leave it alive.
  if (condemned_) static_cast<void>(daemon::send_signal(supervisor_.pidfd.get(), SIGKILL));
  if (condemned_ && now_ns - condemned_at_ns_ >= kUnkillableNs && !ending_) return leave_supervisor(now_ns);
}

void Keeper::enforce_stop(std::uint64_t now_ns) noexcept {
  if (stop_signal_ == 0 || ending_) return;
  // The present supervisor's timeout: it may have sent it after the stop was requested.
  const std::uint64_t stop_ns = stop_timeout_ms_ * std::uint64_t{1'000'000} + stop_slack_ns_;
  if (now_ns - stop_asked_at_ns_ < stop_ns) return;
  say(Level::Error, "the stop takes longer than shutdown_timeout and %u s; killing everything",
      static_cast<unsigned>(stop_slack_ns_ / kSecond));
  begin_end(kExitKilled, now_ns);
}

void Keeper::bury_supervisor(std::uint64_t now_ns) noexcept {
  daemon::ChildExit end;
  if (daemon::peek_exit(supervisor_.pidfd.get(), end) == EAGAIN) {
    supervisor_retry_at_ns_ = now_ns + Fence::kRetryNs;
    return;
  }
  hear_last_words(now_ns);
  static_cast<void>(daemon::reap_exit(supervisor_.pidfd.get(), end));
  forget_supervisor();
  if (!ending_) follow_up(end.code, end.status, now_ns);
}

// A thread of the supervisor is stuck in the kernel, where a peer can hold it. After SIGKILL it runs no instruction of
// its program, so a successor need not wait for its end.
void Keeper::leave_supervisor(std::uint64_t now_ns) noexcept {
  say(Level::Error, "the supervisor (pid %d) is stuck in the kernel and survives SIGKILL; it is left behind",
      supervisor_.pid);
  // If there is no room for it because too many are stuck, it blocks the fences; a successor is started all the same.
  static_cast<void>(bystanders_.add(supervisor_.pid));
  hear_last_words(now_ns);
  forget_supervisor();
  follow_up(CLD_KILLED, SIGKILL, now_ns);
}

void Keeper::hear_last_words(std::uint64_t now_ns) noexcept {
  outbox_.drop_answer();
  read_requests(now_ns, true);
  ::kill(-supervisor_.pid, SIGKILL);
}

void Keeper::forget_supervisor() noexcept {
  supervisor_ = SupervisorProcess{};
  supervisor_retry_at_ns_ = 0;
  outbox_.forget();
  sweep_wanted_ = true;
}

// The supervisor is dead: starts a successor, or ends the daemon.
void Keeper::follow_up(int code, int status, std::uint64_t now_ns) noexcept {
  const bool exited = code == CLD_EXITED;
  if (exited && status == kExitStopped && phase_ == Phase::Stopping) return begin_end(0, now_ns);
  if (exited && ends_the_daemon(status, pace_.ever_served())) {
    if (status == kExitNotRun) {
      say(Level::Error,
          "\"%s\" could not be run (exit code 127): a library is missing, or a limit of address space "
          "(ulimit -v, LimitAS=) is too small for it",
          setup_.program.path);
    }
    return begin_end(status, now_ns);
  }
  const bool killed = !exited && !daemon::is_fault_signal(status) && !condemned_;
  next_start_ = pace_.on_death(now_ns, killed);
  if (planted(Plant::ColdStart)) next_start_.cold = true;
  say(Level::Error, "the supervisor ended with %s %d; %s", exited ? "exit code" : "signal", status,
      next_start_.cold ? "it dies too often: backing off, then a cold start" : "starting a successor");
  if (next_start_.cold) {
    if (stop_signal_ != 0) return begin_end(kExitKilled, now_ns);
    kill_workers();
  }
  judge_.start(now_ns);
}

void Keeper::request_stop(int signal, std::uint64_t now_ns) noexcept {
  if (ending_) return;
  if (std::exchange(signalled_, true)) {
    say(Level::Warning, "a second SIG%s: killing everything", ::sigabbrev_np(signal));
    return begin_end(kExitKilled, now_ns);
  }
  begin_stop(signal, kStopSlackNs, now_ns);
}

void Keeper::look_at_owner(std::uint64_t now_ns) noexcept {
  if (owner_gone_ || ending_ || events_of(setup_.owner.fd()) == 0) return;
  owner_gone_ = true;
  say(Level::Info, "the owner has gone; stopping");
  begin_stop(SIGTERM, kOwnerSlackNs, now_ns);
}

void Keeper::begin_stop(int signal, std::uint64_t slack_ns, std::uint64_t now_ns) noexcept {
  const bool first = stop_signal_ == 0;
  stop_slack_ns_ = first ? slack_ns : std::min(stop_slack_ns_, slack_ns);
  if (!first) return;
  stop_signal_ = signal;
  stop_asked_at_ns_ = now_ns;
  outbox_.ask_to_stop(signal);
  if (supervisor_.pid == 0 && next_start_.cold) begin_end(0, now_ns);
}

void Keeper::begin_end(int exit_code, std::uint64_t now_ns) noexcept {
  ending_ = true;
  exit_code_ = exit_code;
  ending_deadline_ns_ = now_ns + kEndingNs;
  closing_deadline_ns_ = now_ns + kClosingNs;
  if (supervisor_.pid != 0) static_cast<void>(daemon::send_signal(supervisor_.pidfd.get(), SIGKILL));
  kill_workers();
  sweep_wanted_ = true;
}

bool Keeper::ended(std::uint64_t now_ns) noexcept {
  if (!ending_) return false;
  if (supervisor_.pid == 0 && !workers_.any_unfenced() && !sweep_wanted_ && sweep_retry_at_ns_ == 0) {
    // Children that close descriptors end in a moment and are reaped, since not every system's init reaps orphans.
    // Stuck ones are left.
    bystanders_.reap();
    if (bystanders_.started() == 0 || now_ns >= closing_deadline_ns_) return true;
  }
  if (now_ns < ending_deadline_ns_) return false;
  say(Level::Error, "some processes survive SIGKILL; giving up on them");
  return true;
}

}  // namespace ringmaster::keeper
