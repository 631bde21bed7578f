#pragma once

#include <cstdint>

#include "shm/base/result.h"
#include "shm/base/unique_fd.h"

namespace ringmaster {

/// An eventfd that parked workers watch edge-triggered and never read. A session's is written by its client only, the
/// pool's by workers and supervisor only: whoever holds a descriptor can change its flags for all (O_NONBLOCK).
[[nodiscard]] Result<UniqueFd> create_doorbell();

/// Adds 1. Never blocks on a bell whose flags nobody hostile can change; false: the counter is full or the fd is bad.
bool ring_doorbell(int fd) noexcept;

}  // namespace ringmaster
