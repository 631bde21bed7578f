#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <span>

#include "base/unique_fd.h"

/// The part of sendmsg and recvmsg that carries descriptors. No system call here.
namespace ringmaster {

/// Room for `Max` descriptors.
template <std::size_t Max>
struct ControlBuffer {
  alignas(cmsghdr) char bytes[CMSG_SPACE(Max * sizeof(int))] = {};
};

/// Lets `message` carry `fds`. REQUIRES: `control` is a ControlBuffer's with room for them; it outlives the message.
inline void put_fds(msghdr& message, std::span<char> control, std::span<const int> fds) noexcept {
  if (fds.empty()) return;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

/// Hands every descriptor that came with `message` to `take(UniqueFd)`, so that each has an owner.
template <typename Take>
void take_fds(msghdr& message, Take&& take) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      take(UniqueFd(fd));
    }
  }
}

}  // namespace ringmaster
