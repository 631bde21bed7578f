#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace ringmaster::testing {

/// Sends more descriptors than our own code ever would, if need be. errno of the attempt, 0: sent.
inline int send_along(int socket, std::string_view bytes, std::span<const int> fds, int flags = 0) {
  std::vector<char> control(CMSG_SPACE(fds.size_bytes()));
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | flags) >= 0 ? 0 : errno;
}

}  // namespace ringmaster::testing
