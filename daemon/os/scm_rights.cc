#include "daemon/os/scm_rights.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "shm/base/check.h"

namespace ringmaster {

ReceivedPacket receive_packet(int socket, std::span<std::byte> buffer) noexcept {
  ReceivedPacket packet;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPassedFds * sizeof(int))];
  iovec bytes{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    packet.error = errno;
    return packet;
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      UniqueFd owned(fd);
      if (packet.fd_count < kMaxPassedFds) packet.fds[packet.fd_count++] = std::move(owned);
    }
  }
  packet.size = static_cast<std::size_t>(got);
  packet.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  packet.fds_truncated = (message.msg_flags & MSG_CTRUNC) != 0;
  // A SEQPACKET peer's end of file and an empty packet look alike; nobody here sends empty ones.
  if (got == 0 && packet.fd_count == 0) packet.error = ECONNRESET;
  return packet;
}

int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds) noexcept {
  RM_CHECK(fds.size() <= kMaxPassedFds, "%zu descriptors", fds.size());
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPassedFds * sizeof(int))] = {};
  iovec data{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

bool may_send_later(int error) noexcept {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS;
}

}  // namespace ringmaster
