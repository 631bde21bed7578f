#pragma once

#include <cstddef>
#include <span>

#include "base/unique_fd.h"
#include "daemon/keeper/bystanders.h"

namespace ringmaster::keeper {

inline constexpr std::size_t kMostClosedAtOnce = 64;

/// Lets go of descriptors that a peer may have touched. The last close of such a one can take as long as the peer likes
/// (a socket with unsent bytes and SO_LINGER in a worker's queue, a pipe whose writer draws a write out), so the keeper
/// is never the one who does it: a child of its own holds nothing but them, waits until the keeper has closed its
/// copies, and ends, which lingers for nothing. What is stuck all the same is a bystander for as long as it is.
/// 0, and `fds` are empty; or an errno, and they are as they were: try again later.
/// REQUIRES: at most kMostClosedAtOnce; bystanders.may_close().
[[nodiscard]] int close_in_child(std::span<UniqueFd> fds, Bystanders& bystanders) noexcept;

}  // namespace ringmaster::keeper
