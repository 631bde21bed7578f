#include "proto/stranger.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/control_message.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

namespace ringmaster::wire {
namespace {

constexpr std::size_t kMostInOneMessage = 253;  // SCM_MAX_FD

}  // namespace

Result<FromStranger> receive_from_stranger(int socket, std::span<std::byte> buffer, int flags) {
  iovec part{buffer.data(), buffer.size()};
  ControlBuffer<kMostInOneMessage> control;
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
  FromStranger received;
  received.size = static_cast<std::size_t>(size);
  take_fds(message, [&received](UniqueFd fd) { received.fds.push_back(std::move(fd)); });
  received.cut = (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0;
  return received;
}

bool refuse_descriptors(int socket) noexcept {
  // Otherwise the next read would drop urgent bytes, and the descriptors that came with them.
  const int yes = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, &yes, sizeof yes);
  const int none = 0;
  return ::setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &none, sizeof none) == 0;
}

void allow_descriptors(int socket) noexcept {
  const int yes = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &yes, sizeof yes);
}

}  // namespace ringmaster::wire
