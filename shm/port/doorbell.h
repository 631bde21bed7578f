#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::shm {

/// A bell is a pipe of one page that parked workers watch edge-triggered: each byte written wakes one of them, and
/// nobody reads it to be woken. A pipe, because every end that is opened has flags of its own, while whoever holds an
/// eventfd can clear O_NONBLOCK for all its writers. So who rings a bell has an end that nobody else has, opened anew
/// (open_doorbell_anew); who only watches may share one. The supervisor rings none: who has an end can make others wait
/// who write to the pipe, open it or close an end for good, inside the kernel (shm/DESIGN.md, "Bells").
[[nodiscard]] Result<UniqueFd> create_doorbell();

/// An end of the same bell with a description of its own. May wait for whoever has the bell already.
[[nodiscard]] Result<UniqueFd> open_doorbell_anew(int bell);

/// Wakes one sleeper. When the pipe is full, it is the ringer who empties it; when it is full again at once, somebody
/// has rung since, which wakes a sleeper just as well. False: the descriptor is bad.
bool ring_doorbell(int bell) noexcept;

}  // namespace ringmaster::shm
