#include "bindings/node/native/stop_watch.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "bindings/node/native/javascript_stack.h"

namespace ringmaster::node {
namespace {

constexpr std::chrono::milliseconds kLook{2};
// Without a job for so long, the thread sleeps until the next one: it costs an idle worker nothing.
constexpr int kIdleLooks = 500;
constexpr std::size_t kMessageBytes = 1000;
constexpr int kLooksForStack = 10;

// v8::Isolate's members, by the names under which every version of Node.js exports them.
using Interrupt = void (*)(void* isolate, void* data);
void* current_isolate() {
  const auto call = reinterpret_cast<void* (*)()>(::dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv"));
  return call != nullptr ? call() : nullptr;
}
void request_interrupt(void* isolate, Interrupt interrupt, void* data) {
  static const auto call = reinterpret_cast<void (*)(void*, Interrupt, void*)>(
      ::dlsym(RTLD_DEFAULT, "_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_"));
  if (call != nullptr && isolate != nullptr) call(isolate, interrupt, data);
}
bool terminate_execution(void* isolate) {
  static const auto call =
      reinterpret_cast<void (*)(void*)>(::dlsym(RTLD_DEFAULT, "_ZN2v87Isolate18TerminateExecutionEv"));
  if (call != nullptr) call(isolate);
  return call != nullptr;
}

}  // namespace

StopWatch::StopWatch(napi_env env, uv_loop_t* loop, void (*stop)())
    : env_(env), stop_(stop), isolate_(current_isolate()) {
  uv_async_init(loop, &wake_, on_wake);
  wake_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&wake_));
  std::thread([this] { run(); }).detach();
}

void StopWatch::begin(rm_job* job) noexcept {
  const std::lock_guard lock(mutex_);
  job_ = job;
  ++jobs_;
  if (sleeping_) began_.notify_one();
}

void StopWatch::end() noexcept {
  const std::lock_guard lock(mutex_);
  job_ = nullptr;
}

bool StopWatch::told_to_stop() {
  const std::lock_guard lock(mutex_);
  return is_told_to_stop();
}

bool StopWatch::is_told_to_stop() const { return job_ != nullptr && job_->calls->cancelled(job_) != 0; }

void StopWatch::run() {
  std::uint64_t seen = 0;
  int idle = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      idle = jobs_ == seen && job_ == nullptr ? idle + 1 : 0;
      seen = jobs_;
      sleeping_ = idle > kIdleLooks;
      if (sleeping_) began_.wait(lock, [&] { return jobs_ != seen; });
      sleeping_ = false;
    }
    std::this_thread::sleep_for(kLook);
    // Under the lock: after end() V8 may be taken down.
    const std::lock_guard lock(mutex_);
    if (!is_told_to_stop()) continue;
    request_interrupt(isolate_, on_interrupt, this);
    uv_async_send(&wake_);
  }
}

// In the main thread, in the middle of a script. That may be the one that makes the stack, where it takes long: stopped
// there, it alone would end, and the task's script go on.
void StopWatch::on_interrupt(void* isolate, void* raw) {
  auto* const self = static_cast<StopWatch*>(raw);
  if (self->asks_for_stack_ || !self->told_to_stop()) return;
  if (self->terminated_) return (void)terminate_execution(isolate);  // it goes on: somebody has caught that
  self->asks_for_stack_ = true;
  const std::string stack = javascript_stack(self->env_);
  self->asks_for_stack_ = false;
  // On its way into a script it is nowhere yet: the next look finds it there.
  if (stack.empty() && ++self->looks_without_stack_ < kLooksForStack) return;
  const std::string text = "was stopped\n" + stack;
  self->job_->calls->message(self->job_, text.data(), std::min(text.size(), kMessageBytes));
  self->terminated_ = terminate_execution(isolate);
}

// In the main thread, between scripts: the job waits for something.
void StopWatch::on_wake(uv_async_t* handle) {
  auto* const self = static_cast<StopWatch*>(handle->data);
  if (!self->terminated_ && !self->told_to_stop()) return;
  if (!self->terminated_) {
    constexpr std::string_view kText = "was stopped while its promise had not settled";
    self->job_->calls->message(self->job_, kText.data(), kText.size());
  }
  self->stop_();
}

}  // namespace ringmaster::node
