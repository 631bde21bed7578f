#include "daemon/os/service_notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace ringmaster::daemon {

int ServiceNotify::open(std::string_view address) noexcept {
  if (address.empty()) return 0;
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if ((address[0] != '/' && address[0] != '@') || address.size() < 2) return EINVAL;
  if (address.size() >= sizeof where.sun_path) return ENAMETOOLONG;
  std::memcpy(where.sun_path, address.data(), address.size());
  if (address[0] == '@') where.sun_path[0] = '\0';
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno;
  // The length includes the NUL of a path, but an abstract name has none.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (address[0] == '/'));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), length) != 0) return errno;
  socket_ = std::move(socket);
  return 0;
}

int ServiceNotify::send(std::string_view text) const noexcept {
  if (!socket_) return 0;
  return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ? 0 : errno;
}

}  // namespace ringmaster::daemon
