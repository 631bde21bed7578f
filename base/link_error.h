#pragma once

#include <cerrno>
#include <cstdint>

namespace ringmaster {

/// Whether that errno of a send or a receive on a socket is for good: nobody is at the other end, or the call can never
/// succeed. Every other one is of this moment (a full queue, memory, descriptors under way, or what nobody has thought
/// of), and the same is to be tried again, so that no packet is lost by it. Only for EAGAIN does poll tell when.
[[nodiscard]] inline bool link_is_dead(int error) noexcept {
  switch (error) {
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
    case ECONNREFUSED:
    case EBADF:
    case ENOTSOCK:
    case EINVAL:
    case EFAULT:
    case EMSGSIZE:
      return true;
    default:
      return false;
  }
}

/// How long a link that refuses again and again, and not for EAGAIN, may do so before it is taken for broken.
inline constexpr std::uint64_t kRefusingLinkNs = 2'000'000'000;

}  // namespace ringmaster
