#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// The most descriptors in one packet between keeper and supervisor.
inline constexpr std::size_t kMaxPacketFds = 16;

/// One packet received from a SOCK_SEQPACKET socket.
struct ReceivedPacket {
  int error = 0;               ///< errno; EAGAIN: none waiting; ECONNRESET: the peer is gone
  std::size_t size = 0;        ///< bytes written to the buffer
  bool truncated = false;      ///< the packet was larger than the buffer
  bool fds_truncated = false;  ///< MSG_CTRUNC: descriptors were lost (too many, or this process cannot open more)
  std::array<UniqueFd, kMaxPacketFds> fds;  ///< CLOEXEC; the first fd_count are valid
  std::size_t fd_count = 0;
};

/// Receives one packet and its descriptors, without blocking. Descriptors that are not moved out are closed with the
/// result.
[[nodiscard]] ReceivedPacket receive_packet(int socket, std::span<std::byte> buffer) noexcept;

/// Sends one packet with descriptors, without blocking and without SIGPIPE. 0 or an errno (EAGAIN: the queue is full,
/// or too many descriptors are in flight; try again later). REQUIRES: at most kMaxPacketFds descriptors. The caller
/// keeps its own.
[[nodiscard]] int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds = {}) noexcept;

}  // namespace ringmaster::daemon
