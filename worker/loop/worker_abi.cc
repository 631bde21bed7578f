#include "worker/worker_abi.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "base/standard_descriptors.h"
#include "worker/loop/worker_process.h"

// The C interface of a WorkerProcess. No exception leaves these functions: where this process has no memory left for a
// step of the worker's own, it ends there, and its job is told as crashed.
struct rm_worker {
  ringmaster::worker::WorkerProcess process;
};

namespace {

using ringmaster::worker::WorkerLoop;
using std::chrono::nanoseconds;

void copy_text(const std::string& text, char* to, size_t room) {
  if (to == nullptr || room == 0) return;
  const std::size_t size = std::min(text.size(), room - 1);
  std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

WorkerLoop::Host host_of(int fd, int timeout_ms) {
  return {fd, timeout_ms < 0 ? nanoseconds::max() : nanoseconds(std::chrono::milliseconds(timeout_ms))};
}

template <typename Step>
auto or_end(Step&& step) noexcept {
  return std::forward<Step>(step)();
}

bool is_free(const rm_worker* worker) {
  const WorkerLoop* const loop = worker->process.loop();
  return loop != nullptr && !loop->has_open_job();
}

}  // namespace

extern "C" {

rm_worker* rm_worker_open(const rm_handler_table* table, char* error, size_t error_size) {
  if (!ringmaster::worker::started_by_daemon()) {
    copy_text("this is a ringmaster worker, which ringmasterd starts: name it as the command of a pool", error,
              error_size);
    return nullptr;
  }
  try {
    ringmaster::fill_standard_descriptors(ringmaster::StandIn::Quiet);
    auto worker = std::make_unique<rm_worker>();
    const auto opened = worker->process.open([table](ringmaster::worker::HandlerRegistry& registry) {
      return registry.add(table, "this program", ringmaster::worker::RunBy::Host);
    });
    if (opened) return worker.release();
    worker->process.say_boot_failed(opened.error().message);
    copy_text(opened.error().message, error, error_size);
  } catch (const std::exception& failure) {
    copy_text(failure.what(), error, error_size);
  }
  return nullptr;
}

int rm_worker_ready(rm_worker* worker) {
  return or_end([worker] {
    const auto ready = worker->process.ready();
    if (!ready) worker->process.say_boot_failed(ready.error().message);
    return ready ? 1 : 0;
  });
}

void rm_worker_boot_failed(rm_worker* worker, const char* why) {
  or_end([worker, why] { worker->process.say_boot_failed(why); });
}

int rm_worker_claim(rm_worker* worker, rm_job** job, uint32_t* handler) {
  if (!is_free(worker)) return RM_NOTHING;
  WorkerLoop& loop = *worker->process.loop();
  switch (or_end([&loop] { return loop.claim(ringmaster::worker::monotonic_now_ns()); })) {
    case WorkerLoop::Step::Claimed:
      *job = loop.runner().job();
      *handler = static_cast<uint32_t>(&loop.handler() - worker->process.registry().handlers().data());
      return RM_CLAIMED;
    case WorkerLoop::Step::Nothing:
      return RM_NOTHING;
    case WorkerLoop::Step::Leave:
      break;
  }
  return RM_LEAVE;
}

void rm_worker_finish(rm_worker* worker, rm_job* job, int32_t code) {
  WorkerLoop* const loop = worker->process.loop();
  if (loop != nullptr && loop->has_open_job() && job == loop->runner().job()) {
    or_end([loop, code] { loop->finish(code); });
  }
}

int rm_worker_wait(rm_worker* worker, int host_fd, int timeout_ms) {
  if (!is_free(worker)) return RM_WOKE_HOST;
  const auto woken = or_end([&] { return worker->process.loop()->wait(host_of(host_fd, timeout_ms)); });
  const int why = (woken.work ? RM_WOKE_WORK : 0) | (woken.host ? RM_WOKE_HOST : 0);
  return why != 0 ? why : RM_WOKE_TIMEOUT;
}

int rm_worker_park(rm_worker* worker, int* timeout_ms) {
  *timeout_ms = 0;
  if (!is_free(worker)) return 0;
  nanoseconds at_most(0);
  const auto sleep = or_end([&] { return worker->process.loop()->begin_rest(at_most); });
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  *timeout_ms = static_cast<int>(std::min<std::int64_t>(ms, INT_MAX));
  return sleep == WorkerLoop::Sleep::Allowed ? 1 : 0;
}

int rm_worker_fd(const rm_worker* worker) {
  const WorkerLoop* const loop = worker->process.loop();
  return loop != nullptr ? loop->wake_fd() : -1;
}

void rm_worker_unpark(rm_worker* worker) {
  or_end([worker] {
    if (is_free(worker)) worker->process.loop()->end_rest();
  });
}

int rm_worker_leave(rm_worker* worker) {
  WorkerLoop* const loop = worker->process.loop();
  return or_end([loop] { return loop != nullptr ? loop->leave() : 1; });
}

}  // extern "C"
