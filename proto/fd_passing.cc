#include "proto/fd_passing.h"

#include <sys/socket.h>

#include <cerrno>

#include "shm/base/check.h"
#include "shm/base/control_message.h"

namespace ringmaster {

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
  iovec part{buffer.data(), buffer.size()};
  ControlBuffer<kMaxPassedFds> control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return errno_error("cannot receive from the socket", errno);

  Received received;
  received.size = static_cast<std::size_t>(size);
  take_fds(message, [&received](UniqueFd fd) { received.fds.push_back(std::move(fd)); });
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    return Error{"received more descriptors than the protocol allows, or the descriptor table is full", EMSGSIZE};
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) return Error{"received a packet larger than the protocol allows", EMSGSIZE};
  return received;
}

}  // namespace ringmaster
