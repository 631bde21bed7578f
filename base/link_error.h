#pragma once

#include <cerrno>
#include <cstdint>

namespace ringmaster {

/// True if this errno of a send or receive means that the link is lost: nobody is at the other end, or the call can
/// never succeed. After any other errno (full queue, no memory, too many descriptors in flight, or one that is not
/// known here) the same call must be tried again, so that no packet is lost. Only after EAGAIN does poll tell when.
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

/// A link that fails for this long, and not with EAGAIN, is treated as broken.
inline constexpr std::uint64_t kRefusingLinkNs = 2'000'000'000;

}  // namespace ringmaster
