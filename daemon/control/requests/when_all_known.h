#pragma once

#include <functional>
#include <vector>

#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

/// Calls `done` when the handlers of every pool are known, or when those of which they are not have given up for now:
/// at once where there is nothing to wait for. REQUIRES: the pools outlive the wait.
void when_all_known(const std::vector<PoolPort*>& pools, std::function<void()> done);

}  // namespace ringmaster::daemon
