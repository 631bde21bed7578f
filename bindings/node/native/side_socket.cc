#include "bindings/node/native/side_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "base/unique_fd.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {

napi_value connect_side(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const std::string path = text_of(env, arguments[0]);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return nullptr;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // It stays non-blocking, as node:net will want it; what is told first fits into an empty socket.
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return nullptr;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return nullptr;
  napi_value number = to_value(env, double(socket.get()));
  if (number != nullptr) (void)socket.release();
  return number;
}

}  // namespace ringmaster::node
