#pragma once

#include <cstddef>
#include <span>

#include "base/unique_fd.h"
#include "daemon/keeper/bystanders.h"

namespace ringmaster::keeper {

inline constexpr std::size_t kMostClosedAtOnce = 64;

/// Closes descriptors that a peer may have touched. The last close of such a descriptor can block for as long as the
/// peer likes (a socket with SO_LINGER and unsent bytes in a worker's queue, a pipe whose writer prolongs a write), so
/// the keeper never does it itself: a child holds only these descriptors, waits until the keeper has closed its copies,
/// and exits. A child that gets stuck is a bystander. Returns 0, and `fds` are empty; or an errno, and `fds` are
/// unchanged: try again later. REQUIRES: at most kMostClosedAtOnce; bystanders.may_close().
[[nodiscard]] int close_in_child(std::span<UniqueFd> fds, Bystanders& bystanders) noexcept;

}  // namespace ringmaster::keeper
