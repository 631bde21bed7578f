#pragma once

#include <cstdint>

#include "base/result.h"
#include "daemon/pool/seat/seat.h"

namespace ringmaster::daemon {

/// A new pool's board, formatted, and its bell.
[[nodiscard]] Result<PoolFds> create_pool_fds(std::uint32_t pool);

}  // namespace ringmaster::daemon
