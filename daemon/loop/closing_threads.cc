#include "daemon/loop/closing_threads.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {
namespace {

constexpr long kNudgeNs = 1'000'000;
constexpr core::Duration kRetry = std::chrono::milliseconds{100};

void nothing(int) {}

// Installs the signal handler without SA_RESTART, because the signal must interrupt a wait.
void take_nudges() {
  struct sigaction action {};
  action.sa_handler = nothing;
  ::sigaction(SIGRTMIN, &action, nullptr);
}

/// Sends a signal to the thread that made it, every millisecond of an errand: the signal ends a socket's close that
/// lingers, which goes on in the background. If there is no timer for it, only such a close gets stuck.
class Nudges {
 public:
  Nudges() {
    sigset_t nudge;
    ::sigemptyset(&nudge);
    ::sigaddset(&nudge, SIGRTMIN);
    ::pthread_sigmask(SIG_UNBLOCK, &nudge, nullptr);
    sigevent to_me{};
    to_me.sigev_notify = SIGEV_THREAD_ID;
    to_me.sigev_signo = SIGRTMIN;
    to_me._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));  // for which older glibc has no name
    made_ = ::timer_create(CLOCK_MONOTONIC, &to_me, &timer_) == 0;
  }
  ~Nudges() {
    if (made_) ::timer_delete(timer_);
  }
  Nudges(const Nudges&) = delete;
  Nudges& operator=(const Nudges&) = delete;

  void begin() { set(kNudgeNs); }
  void end() { set(0); }

 private:
  void set(long ns) {
    const itimerspec each{{0, ns}, {0, ns}};
    if (made_) ::timer_settime(timer_, 0, &each, nullptr);
  }
  timer_t timer_{};
  bool made_ = false;
};

}  // namespace

struct ClosingThreads::State {
  struct Errand {
    Action work;
    Action done;
  };

  explicit State(EventLoop& l) : loop(&l) {}

  static void serve(const std::shared_ptr<State>& state);
  static bool start(const std::shared_ptr<State>& state);
  /// If an errand may begin, wakes the idle thread or starts a new one. False: no thread can be started.
  static bool see_to_it(const std::shared_ptr<State>& state);

  mutable std::mutex mutex;
  std::condition_variable added;
  EventLoop* loop;  // null: the loop has ended
  core::ErrandBook book{core::ErrandBook::Limits{}};
  std::map<core::ErrandBook::Id, Errand> errands;
  std::size_t threads = 0;
  bool idle = false;  // one thread stays idle for the next errand
  Action retry;       // runs on the loop's thread
  bool retrying = false;
};

// REQUIRES for all three: the mutex is held; serve() takes it itself.
bool ClosingThreads::State::start(const std::shared_ptr<State>& state) {
  try {
    std::thread([state] { serve(state); }).detach();
  } catch (const std::system_error&) {
    return false;  // the existing threads may be stuck
  }
  ++state->threads;
  return true;
}

bool ClosingThreads::State::see_to_it(const std::shared_ptr<State>& state) {
  if (!state->book.may_begin()) return true;
  if (state->idle) {
    state->added.notify_one();
    return true;
  }
  return start(state);
}

void ClosingThreads::State::serve(const std::shared_ptr<State>& state) {
  Nudges nudges;
  std::unique_lock lock(state->mutex);
  for (;;) {
    const auto id = state->book.begin();
    if (!id) {
      if (state->loop == nullptr || state->idle) break;
      state->idle = true;
      state->added.wait(lock, [&] { return state->loop == nullptr || state->book.may_begin(); });
      state->idle = false;
      continue;
    }
    auto node = state->errands.extract(*id);
    // This errand may get stuck, so another thread takes the next one.
    if (!see_to_it(state) && state->loop != nullptr) state->loop->post(state->retry);
    lock.unlock();
    nudges.begin();
    node.mapped().work();
    node.mapped().work = nullptr;
    nudges.end();
    lock.lock();
    state->book.end(*id);
    if (state->loop != nullptr && node.mapped().done) state->loop->post(std::move(node.mapped().done));
  }
  --state->threads;
}

ClosingThreads::ClosingThreads(EventLoop& loop) : loop_(loop), state_(std::make_shared<State>(loop)) {
  take_nudges();
  // One thread is started at once: later a limit of tasks may prevent it, and clients wait for what it does.
  const std::lock_guard lock(state_->mutex);
  state_->retry = [this, weak = std::weak_ptr(state_)] {
    const auto state = weak.lock();
    if (!state) return;
    const std::lock_guard held(state->mutex);
    if (state->loop != nullptr) retry();
  };
  (void)State::start(state_);
}

ClosingThreads::~ClosingThreads() {
  const std::lock_guard lock(state_->mutex);
  state_->loop = nullptr;
  state_->added.notify_all();
}

void ClosingThreads::add(Account account, std::size_t descriptors, Action work, Action done) {
  const std::lock_guard lock(state_->mutex);
  const auto id = state_->book.add(account, descriptors);
  state_->errands[id] = {std::move(work), std::move(done)};
  if (!State::see_to_it(state_)) retry();
}

// No thread can be started, and perhaps none will be free later: tries again. REQUIRES: the mutex is held.
void ClosingThreads::retry() {
  if (std::exchange(state_->retrying, true)) return;
  loop_.after(kRetry, [this, weak = std::weak_ptr(state_)] {
    const auto state = weak.lock();
    if (!state) return;
    const std::lock_guard lock(state->mutex);
    state->retrying = false;
    if (state->loop != nullptr && !State::see_to_it(state)) retry();
  });
}

bool ClosingThreads::has_room(Account account) const {
  const std::lock_guard lock(state_->mutex);
  return state_->book.has_room(account);
}

bool ClosingThreads::full() const {
  const std::lock_guard lock(state_->mutex);
  return state_->book.full();
}

}  // namespace ringmaster::daemon
