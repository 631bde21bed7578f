#include "proto/fd_passing.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/control_message.h"
#include "proto/stranger.h"

namespace ringmaster::wire {

Result<std::size_t> send_with_fds(int socket, std::span<const std::byte> bytes, std::span<const int> fds, int flags) {
  RM_CHECK(fds.size() <= kMaxPassedFds, "%zu", fds.size());
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  ControlBuffer<kMaxPassedFds> control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  put_fds(message, control.bytes, fds);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno_error("cannot send on the socket", errno);
  return static_cast<std::size_t>(sent);
}

Result<Received> receive_with_fds(int socket, std::span<std::byte> buffer, int flags) {
  auto packet = receive_from_stranger(socket, buffer, flags);
  if (!packet) return packet.error();
  if (packet->cut || packet->fds.size() > kMaxPassedFds) {
    return Error{
        "received a packet that is larger than the protocol allows, or descriptors: too many, or no more can be "
        "opened here (ulimit -n)",
        EMSGSIZE};
  }
  return Received{packet->size, std::move(packet->fds)};
}

}  // namespace ringmaster::wire
