#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace ringmaster::python {

/// Sends a signal to the thread that runs jobs, shortly before a job's deadline, so that its Python stack is on record
/// when the supervisor kills the process. It has a thread, which wakes up about once in a run timeout; a job costs two
/// stores. Lives as long as the process.
class DeadlineSignal {
 public:
  /// From the thread that runs jobs. `signal` shows the stack, and must not disturb the job. All jobs have this run
  /// timeout; one that is too short is not worth a stack.
  void start(int signal, std::int64_t timeout_ns);
  void begin(std::int64_t left_ns) noexcept;
  void end() noexcept { deadline_ns_.store(0, std::memory_order_relaxed); }

 private:
  [[noreturn]] void run() const;

  pthread_t target_{};
  int signal_ = 0;
  std::int64_t timeout_ns_ = 0;               // 0: not started
  std::atomic<std::int64_t> deadline_ns_{0};  // CLOCK_MONOTONIC; 0: no job
};

}  // namespace ringmaster::python
