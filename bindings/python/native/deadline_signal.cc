#include "bindings/python/native/deadline_signal.h"

#include <chrono>
#include <csignal>
#include <ctime>
#include <thread>

namespace ringmaster::python {
namespace {

constexpr std::int64_t kAhead = 5'000'000;  // to show a stack takes about a millisecond
constexpr std::int64_t kShortest = 100'000'000;

std::int64_t now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void DeadlineSignal::start(int signal, std::int64_t timeout_ns) {
  if (timeout_ns < kShortest) return;
  target_ = ::pthread_self();
  signal_ = signal;
  timeout_ns_ = timeout_ns;
  // Signals are for the program's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([this] { run(); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void DeadlineSignal::begin(std::int64_t left_ns) noexcept {
  if (timeout_ns_ != 0) deadline_ns_.store(now_ns() + left_ns, std::memory_order_relaxed);
}

void DeadlineSignal::run() const {
  while (true) {
    const std::int64_t deadline = deadline_ns_.load(std::memory_order_relaxed);
    // A job that begins from now on is not over before a whole timeout.
    const std::int64_t sleep = deadline == 0 ? timeout_ns_ - kAhead : deadline - kAhead - now_ns();
    if (sleep > 0) {
      std::this_thread::sleep_for(std::chrono::nanoseconds(sleep));
      continue;
    }
    ::pthread_kill(target_, signal_);
    std::this_thread::sleep_for(std::chrono::nanoseconds(timeout_ns_ - kAhead));
  }
}

}  // namespace ringmaster::python
