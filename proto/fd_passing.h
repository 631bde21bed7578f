#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::wire {

/// What one recvmsg brought. On a stream socket `size` 0 means that the peer has closed; on SEQPACKET likewise.
struct Received {
  std::size_t size = 0;
  std::vector<UniqueFd> fds;  ///< CLOEXEC; closed if the caller does not move them out
};

/// The most descriptors in one message to or from a client or a worker.
inline constexpr std::size_t kMaxPassedFds = 8;

/// sendmsg with SCM_RIGHTS. `fds` stay the caller's; at most kMaxPassedFds. Never raises SIGPIPE; repeats on EINTR.
/// Returns the bytes taken by the kernel (all of them on SEQPACKET); with at least one byte taken, all fds went along.
/// Error codes of interest: EAGAIN (nothing sent), EPIPE, ECONNRESET.
[[nodiscard]] Result<std::size_t> send_with_fds(int socket, std::span<const std::byte> bytes, std::span<const int> fds,
                                                int flags = 0);

/// Receives from a peer that may send descriptors, at most kMaxPassedFds. `flags`: MSG_DONTWAIT or 0. A packet that
/// does not fit, too many descriptors, or descriptors that cannot be opened are an error with code EMSGSIZE: all that
/// arrived is closed, and the connection must end. Error codes of interest: EAGAIN (nothing there), ECONNRESET.
[[nodiscard]] Result<Received> receive_with_fds(int socket, std::span<std::byte> buffer, int flags = 0);

}  // namespace ringmaster::wire
