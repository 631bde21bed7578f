#pragma once

#include <functional>
#include <vector>

#include "daemon/loop/timers.h"
#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

/// Calls `done` when the handlers of every pool are known, or when those of which they are not have given up for now:
/// at once where there is nothing to wait for. Where several are asked for, after kLongestKnownWait at the latest: one
/// that starts slowly hides no other. REQUIRES: pools and timers outlive the wait.
void when_all_known(Timers& timers, const std::vector<PoolPort*>& pools, std::function<void()> done);

/// Less than clients wait for an answer.
inline constexpr core::Duration kLongestKnownWait = std::chrono::seconds{3};

}  // namespace ringmaster::daemon
