#pragma once

#include <functional>

#include "base/result.h"
#include "worker/job/handler_registry.h"

namespace ringmaster::worker {

/// Fills the registry; its error becomes the worker's reason not to start.
using LoadHandlers = std::function<Result<void>(HandlerRegistry&)>;

/// True when a daemon started this process: RINGMASTER_ABI is set and descriptor 3 is a socket.
[[nodiscard]] bool started_by_daemon();

/// From hello to the exit status. What keeps it from starting is told to the supervisor, which logs it.
[[nodiscard]] int run_worker(const LoadHandlers& load);

}  // namespace ringmaster::worker
