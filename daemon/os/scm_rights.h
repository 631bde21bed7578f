#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Of one packet between keeper and supervisor.
inline constexpr std::size_t kMaxPacketFds = 16;

/// One packet taken from a SOCK_SEQPACKET socket.
struct ReceivedPacket {
  int error = 0;               ///< errno; EAGAIN: none waiting; ECONNRESET: the peer is gone
  std::size_t size = 0;        ///< bytes written to the buffer
  bool truncated = false;      ///< the packet was larger than the buffer
  bool fds_truncated = false;  ///< MSG_CTRUNC: descriptors were lost (too many, or this process may open no more)
  std::array<UniqueFd, kMaxPacketFds> fds;  ///< CLOEXEC; the first fd_count are valid
  std::size_t fd_count = 0;
};

/// Takes one packet and its descriptors, without waiting. Descriptors nobody looks at are closed with the result.
[[nodiscard]] ReceivedPacket receive_packet(int socket, std::span<std::byte> buffer) noexcept;

/// Sends one packet with descriptors, without waiting and without SIGPIPE. 0 or an errno (EAGAIN: its queue is full, or
/// too many descriptors are under way; it passes).
/// REQUIRES: at most kMaxPacketFds descriptors. The caller keeps its own.
[[nodiscard]] int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds = {}) noexcept;

}  // namespace ringmaster::daemon
