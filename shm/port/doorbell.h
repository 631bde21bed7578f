#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::shm {

/// A bell is a pipe of one page that parked workers watch edge-triggered: each byte written wakes one of them, and they
/// do not read it. It is a pipe because each opened end has its own flags, while any holder of an eventfd can clear
/// O_NONBLOCK for all its writers. So each ringer has an end that nobody else has (open_doorbell_anew); those that only
/// watch may share one. The supervisor never rings: whoever has an end can block all others that write to the pipe,
/// open it or close its last end, inside the kernel (shm/DESIGN.md, "Bells").
[[nodiscard]] Result<UniqueFd> create_doorbell();

/// A new end of the same bell, with an open file description of its own. Others who have the bell can make this block.
[[nodiscard]] Result<UniqueFd> open_doorbell_anew(int bell);

/// Wakes one sleeper. The ringer empties the pipe if it is full; if it is full again at once, somebody else has rung
/// meanwhile, which also wakes a sleeper. False: the descriptor is bad.
bool ring_doorbell(int bell) noexcept;

}  // namespace ringmaster::shm
