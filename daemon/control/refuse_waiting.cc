#include "daemon/control/refuse_waiting.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"
#include "proto/control_convert.h"
#include "proto/fd_passing.h"
#include "proto/frame.h"

namespace ringmaster::daemon {
namespace {

using Clock = std::chrono::steady_clock;

bool somebody_waits(int listener, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd look{listener, POLLIN, 0};
    const int found = ::poll(&look, 1, static_cast<int>(std::max<std::int64_t>(0, left)));
    if (found >= 0) return found == 1;
    if (errno != EINTR) return false;
  }
}

}  // namespace

std::size_t refuse_waiting(int listener, const std::string& why, std::chrono::milliseconds linger) {
  // A client may give up between poll and accept: then accept must not block.
  ::fcntl(listener, F_SETFL, ::fcntl(listener, F_GETFL) | O_NONBLOCK);
  const std::string frame =
      wire::make_frame(wire::error_reply(0, control::v1::ERROR_DRAINING, why.substr(0, 8192)).SerializeAsString());
  std::size_t answered = 0;
  Clock::time_point until = Clock::now();
  while (somebody_waits(listener, until)) {
    UniqueFd peer(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
      break;
    }
    if (answered++ == 0) until += linger;
    // Errors are ignored: the frame fits into the buffer of any new socket.
    (void)wire::send_with_fds(peer.get(), std::as_bytes(std::span(frame)), {}, MSG_DONTWAIT);
    // The socket is closed when this process ends: that cannot block, whatever the client has put into the socket.
    ::shutdown(peer.get(), SHUT_RDWR);
    (void)peer.release();
  }
  return answered;
}

}  // namespace ringmaster::daemon
