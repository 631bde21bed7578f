#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "shm/mapping.h"
#include "worker/job/handler_registry.h"
#include "worker/loop/control_link.h"
#include "worker/loop/worker_loop.h"

namespace ringmaster::worker {

/// Fills the registry; its error becomes the worker's reason not to start.
using LoadHandlers = std::function<Result<void>(HandlerRegistry&)>;

/// True when a daemon started this process: RINGMASTER_ABI is set and descriptor 3 is a socket.
[[nodiscard]] bool started_by_daemon();

/// A process that is a worker: from hello to ready, and then its loop. One for a process, made in the thread that runs
/// the jobs. Descriptors 3 to 7 are what ringmasterd left there.
class WorkerProcess {
 public:
  /// What descriptors 4 to 6 are mapped to.
  struct Segments {
    shm::Mapping lane;
    shm::Mapping control;
    shm::Mapping board;
  };

  /// Takes the process over: its name, its end with the daemon, its signals, its orphans, lines on standard output.
  WorkerProcess();

  /// Says hello, maps what it was given, loads the handlers and describes them to the supervisor.
  [[nodiscard]] Result<void> open(const LoadHandlers& load);
  [[nodiscard]] Result<void> warm_up() const { return registry_.warm_up(); }
  /// Says that jobs may come. The loop is there from now on.
  [[nodiscard]] Result<void> ready();
  /// Why it does not start. The process's exit status is 1 then.
  void say_boot_failed(const std::string& why);

  [[nodiscard]] const HandlerRegistry& registry() const noexcept { return registry_; }
  /// nullptr before ready().
  [[nodiscard]] WorkerLoop* loop() noexcept { return loop_ ? &*loop_ : nullptr; }
  [[nodiscard]] const WorkerLoop* loop() const noexcept { return loop_ ? &*loop_ : nullptr; }

 private:
  ControlLink link_;
  HandlerRegistry registry_;
  Segments segments_;
  shm::WorkerSelf self_;
  std::optional<WorkerLoop> loop_;
};

/// From hello to the exit status, for handlers that the library runs. What keeps it from starting is told to the
/// supervisor, which logs it.
[[nodiscard]] int run_worker(const LoadHandlers& load);

}  // namespace ringmaster::worker
