#pragma once

#include <functional>
#include <vector>

#include "daemon/loop/timers.h"
#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

/// Calls `done` when every pool's handlers are known or will not be known soon; at once if there is nothing to wait
/// for. With several pools it waits for at most kLongestKnownWait, so that a pool that starts slowly does not hide the
/// others. REQUIRES: pools and timers outlive the wait.
void when_all_known(Timers& timers, const std::vector<PoolPort*>& pools, std::function<void()> done);

/// Shorter than clients wait for an answer.
inline constexpr core::Duration kLongestKnownWait = std::chrono::seconds{3};

}  // namespace ringmaster::daemon
