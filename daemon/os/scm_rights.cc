#include "daemon/os/scm_rights.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/check.h"
#include "base/control_message.h"

namespace ringmaster::daemon {

ReceivedPacket receive_packet(int socket, std::span<std::byte> buffer) noexcept {
  ReceivedPacket packet;
  ControlBuffer<kMaxPacketFds> control;
  iovec bytes{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    packet.error = errno;
    return packet;
  }
  take_fds(message, [&packet](UniqueFd fd) {
    if (packet.fd_count < kMaxPacketFds) packet.fds[packet.fd_count++] = std::move(fd);
  });
  packet.size = static_cast<std::size_t>(got);
  packet.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  packet.fds_truncated = (message.msg_flags & MSG_CTRUNC) != 0;
  // An empty packet looks like the end of a SEQPACKET stream, but neither side sends empty packets.
  if (got == 0 && packet.fd_count == 0) packet.error = ECONNRESET;
  return packet;
}

int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds) noexcept {
  RM_CHECK(fds.size() <= kMaxPacketFds, "%zu descriptors", fds.size());
  ControlBuffer<kMaxPacketFds> control;
  iovec data{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  put_fds(message, control.bytes, fds);
  for (;;) {
    if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace ringmaster::daemon
