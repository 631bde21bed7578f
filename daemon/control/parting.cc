#include "daemon/control/parting.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utility>

#include "daemon/core/types.h"
#include "daemon/log/log.h"

namespace ringmaster::daemon {

void hand_over(boost::asio::local::stream_protocol::socket& socket, Closer& closer, std::uint32_t uid,
               Closer::Action closed) {
  // After this nothing can be added to the socket's queue; closing a socket with an empty queue does not block.
  ::shutdown(socket.native_handle(), SHUT_RDWR);
  int unread = 0;
  const bool empty = ::ioctl(socket.native_handle(), FIONREAD, &unread) == 0 && unread == 0;
  boost::system::error_code error;
  if (empty) {
    socket.close(error);
    if (closed) closed();
    return;
  }
  UniqueFd fd(socket.release(error));
  if (fd) closer.close(Closer::Account::of_uid(uid), std::move(fd), std::move(closed));
}

void log_breach(const Peer& peer, const std::string& what) {
  static core::TimePoint last{};
  static std::uint64_t unsaid = 0;
  const core::TimePoint now = std::chrono::steady_clock::now();
  if (now - last < std::chrono::seconds{1}) {
    ++unsaid;
    return;
  }
  last = now;
  log_warning("control connection refused",
              {{"uid", peer.uid}, {"pid", peer.pid}, {"reason", what}, {"more_unsaid", std::exchange(unsaid, 0)}});
}

}  // namespace ringmaster::daemon
