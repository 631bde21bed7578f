#pragma once

#include <node_api.h>
#include <ringmaster/worker_abi.h>
#include <uv.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace ringmaster::node {

/// Stops a job that was told to stop (cancelled, or past its deadline) while JavaScript runs on, or waits for what
/// never comes. A thread of its own looks at the open job; what it finds is acted upon in the main thread: V8 is
/// interrupted, the JavaScript stack becomes the job's message, and the running script is terminated. Nothing can be
/// run in this process after that, so it ends the job and leaves.
///
/// V8's interrupt is not part of Node-API: it is looked up by name, and where it is missing the supervisor's kill ends
/// the process when the job's grace is over, with the native stack.
class StopWatch {
 public:
  /// `stop` is called in the main thread, outside of every script; it does not return.
  StopWatch(napi_env env, uv_loop_t* loop, void (*stop)());
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;

  /// Main thread: `job` is open from now on …
  void begin(rm_job* job) noexcept;
  /// … and from now on it is not. Before it is finished: its memory goes with it.
  void end() noexcept;
  /// True once a script was terminated: whoever called it ends the process by `stop`.
  [[nodiscard]] bool has_terminated() const noexcept { return terminated_; }

 private:
  void run();
  [[nodiscard]] bool told_to_stop();
  [[nodiscard]] bool is_told_to_stop() const;  ///< REQUIRES: mutex_
  static void on_interrupt(void* isolate, void* self);
  static void on_wake(uv_async_t* handle);

  napi_env env_;
  void (*stop_)();
  void* isolate_ = nullptr;
  uv_async_t wake_{};
  bool terminated_ = false;
  bool asks_for_stack_ = false;
  int looks_without_stack_ = 0;  ///< of a job that is to stop; this process ends with it

  std::mutex mutex_;
  std::condition_variable began_;
  rm_job* job_ = nullptr;   // guarded by mutex_
  bool sleeping_ = false;   // guarded by mutex_: the thread waits for a job to begin
  std::uint64_t jobs_ = 0;  // guarded by mutex_: begun so far
};

}  // namespace ringmaster::node
