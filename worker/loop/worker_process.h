#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "shm/mapping.h"
#include "worker/job/handler_registry.h"
#include "worker/job/output_capture.h"
#include "worker/loop/control_link.h"
#include "worker/loop/worker_loop.h"

namespace ringmaster::worker {

/// Fills the registry. If it fails, the worker does not start and reports that error.
using LoadHandlers = std::function<Result<void>(HandlerRegistry&)>;

/// True when a daemon started this process: RINGMASTER_ABI is set and descriptor 3 is a socket.
[[nodiscard]] bool started_by_daemon();

/// A worker process: from Hello to Ready, then its loop. One per process, created in the thread that runs the jobs.
/// Descriptors 3 to 7 must be those that ringmasterd passed.
class WorkerProcess {
 public:
  /// The segments of descriptors 4 to 6.
  struct Segments {
    shm::Mapping lane;
    shm::Mapping control;
    shm::Mapping board;
  };

  /// Sets the process up: its name, that it ends with the daemon, signals, orphans, and line-buffered standard output.
  WorkerProcess();

  /// Sends Hello, maps its segments, loads the handlers and describes them to the supervisor.
  [[nodiscard]] Result<void> open(const LoadHandlers& load);
  [[nodiscard]] Result<void> warm_up() const { return registry_.warm_up(); }
  /// Sends Ready. From now on there is a loop.
  [[nodiscard]] Result<void> ready();
  /// Reports why the worker does not start. The process must then exit with status 1.
  void say_boot_failed(const std::string& why);

  [[nodiscard]] const HandlerRegistry& registry() const noexcept { return registry_; }
  /// nullptr before ready().
  [[nodiscard]] WorkerLoop* loop() noexcept { return loop_ ? &*loop_ : nullptr; }
  [[nodiscard]] const WorkerLoop* loop() const noexcept { return loop_ ? &*loop_ : nullptr; }

 private:
  ControlLink link_;
  OutputCapture output_;
  HandlerRegistry registry_;
  Segments segments_;
  shm::WorkerSelf self_;
  std::optional<WorkerLoop> loop_;
};

/// The whole life of a worker whose handlers the library runs; returns its exit status. If it cannot start, the
/// supervisor is told why and logs it.
[[nodiscard]] int run_worker(const LoadHandlers& load);

}  // namespace ringmaster::worker
