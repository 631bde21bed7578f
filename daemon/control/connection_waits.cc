#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/control/connection.h"
#include "proto/control.pb.h"

// What a connection waits for: bytes from the client, the client's end, and timeouts.
namespace ringmaster::daemon {
namespace {

namespace asio = boost::asio;
namespace v1 = control::v1;

constexpr core::Duration kFarewell = std::chrono::seconds{2};
constexpr core::Duration kRefused = std::chrono::milliseconds{20};
constexpr core::Duration kFirstLook = std::chrono::milliseconds{1};
constexpr core::Duration kLongestLook = std::chrono::milliseconds{100};

}  // namespace

void Connection::await_input() {
  if (awaiting_input_ || closed_ || closing_ || input_ended_) return;
  awaiting_input_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    self->awaiting_input_ = false;
    if (error) return self->finish();  // cancelled by close(), or this socket can no longer be watched
    self->want_turn();
  });
}

// A read was refused, perhaps for lack of memory. The bytes are still there, but no event tells when to try again.
void Connection::await_input_again() {
  awaiting_input_ = true;
  host_.loop.after(kRefused, [self = shared_from_this()] {
    self->awaiting_input_ = false;
    self->want_turn();
  });
}

// While nothing is read, only this tells that the client is gone. (A half-closed client still reads.)
void Connection::watch_for_hang_up() {
  if (std::exchange(watched_for_hang_up_, true)) return;
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->await_hang_up(); }, asio::detached);
}

asio::awaitable<void> Connection::await_hang_up() {
  while (!closed_) {
    boost::system::error_code error;
    co_await socket_.async_wait(Socket::wait_error, asio::redirect_error(asio::use_awaitable, error));
    if (leaving_) co_return;
    if (error) co_return finish();
    // Checks the socket itself: Asio reuses the state of a descriptor that was closed in the same turn of its loop, so
    // the event may be about that one.
    pollfd look{socket_.native_handle(), 0, 0};
    if (::poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0) {
      (void)tell_if_all_read();
      finish();
    }
    // Urgent bytes, which nobody reads, end this wait at once every time.
    if (!closed_) co_await pause();
  }
}

// True if the client closed before it had read everything: then the socket has ECONNRESET.
bool Connection::closed_with_unread() {
  pollfd look{socket_.native_handle(), 0, 0};
  return ::poll(&look, 1, 0) != 0 && (look.revents & POLLERR) != 0;
}

// Called after the last answer to a client that sends no more. The client sees the end of the stream at once; the
// socket stays open until the client has read everything, so that this is known.
void Connection::leave() {
  if (leaving_) return;
  if (tell_if_all_read()) return finish();
  leaving_ = true;
  ::shutdown(socket_.native_handle(), SHUT_WR);
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->await_reading(); }, asio::detached);
}

// Polls until the client has read everything: no event tells.
asio::awaitable<void> Connection::await_reading() {
  asio::steady_timer timer(socket_.get_executor());
  core::Duration waited{};
  for (core::Duration pause = kFirstLook; !closed_ && waited < kFarewell; pause = std::min(2 * pause, kLongestLook)) {
    if (tell_if_all_read() || closed_with_unread()) break;
    timer.expires_after(pause);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    waited += pause;
  }
  finish();
}

asio::awaitable<void> Connection::pause() {
  asio::steady_timer timer(socket_.get_executor(), kRefused);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// Ends connections whose clients are late: with a hello, with the rest of a frame, or with reading the last reply.
asio::awaitable<void> Connection::watch() {
  const auto self = shared_from_this();
  while (!closed_) {
    const bool owes_hello = !greeted_ && !closing_;
    const bool owes_bytes = greeted_ && !closing_ && owes_bytes_;
    const core::TimePoint since = owes_since_;
    if (closing_) {
      watchdog_.expires_after(kFarewell);
    } else if (owes_hello) {
      watchdog_.expires_after(host_.limits.hello_timeout);
    } else if (owes_bytes) {
      watchdog_.expires_at(since + host_.limits.half_frame_timeout);
    } else {
      watchdog_.expires_at(asio::steady_timer::time_point::max());
    }
    boost::system::error_code error;
    co_await watchdog_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error || closed_) continue;
    if (closing_) {
      finish();
    } else if (owes_hello && !greeted_) {
      breach(v1::ERROR_BAD_REQUEST, "no hello came in time");
    } else if (owes_bytes && owes_bytes_ && owes_since_ == since) {
      breach(v1::ERROR_BAD_REQUEST, "half a frame came, and not the rest of it in time");
    }
  }
}

}  // namespace ringmaster::daemon
