#include "daemon/supervisor/connection.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cinttypes>

#include "daemon/supervisor/log.h"
#include "proto/control.pb.h"
#include "proto/control_convert.h"
#include "proto/fd_passing.h"
#include "proto/stranger.h"
#include "proto/text.h"

namespace ringmaster {
namespace {

namespace asio = boost::asio;
namespace v1 = control::v1;

constexpr core::Duration kFarewell = std::chrono::seconds{2};

// One line a second is enough to see an attack, and not enough to be one.
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

}  // namespace

void hand_over(Connection::Socket& socket, Closer& closer, std::uint32_t uid, Closer::Action closed) {
  // After this nothing can be added to the queue; with nothing in it a close waits for nothing.
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

Connection::Connection(Socket socket, Peer peer, RequestDesk& desk, Closer& closer, const ControlLimits& limits,
                       std::function<void()> ended)
    : socket_(std::move(socket)),
      output_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      watchdog_(socket_.get_executor()),
      peer_(peer),
      desk_(desk),
      closer_(closer),
      limits_(limits),
      ended_(std::move(ended)) {}

void Connection::start() {
  const auto executor = socket_.get_executor();
  asio::co_spawn(
      executor, [self = shared_from_this()] { return self->read(); }, asio::detached);
  asio::co_spawn(
      executor, [self = shared_from_this()] { return self->write(); }, asio::detached);
  asio::co_spawn(
      executor, [self = shared_from_this()] { return self->watch(); }, asio::detached);
}

void Connection::close() {
  ended_ = nullptr;
  finish();
}

void Connection::finish() {
  if (closed_) return;
  closed_ = true;
  output_.cancel();
  watchdog_.cancel();
  queue_.clear();
  if (ended_) desk_.connection_closed(peer_.connection);
  hand_over(socket_, closer_, peer_.uid, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->ended_) std::exchange(self->ended_, nullptr)();
  });
}

asio::awaitable<void> Connection::read() {
  const auto self = shared_from_this();
  std::vector<std::byte> buffer(64 * 1024);
  while (!closed_ && !closing_) {
    boost::system::error_code error;
    co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (error || closed_ || closing_) break;
    auto received = receive_from_stranger(socket_.native_handle(), buffer, MSG_DONTWAIT);
    if (!received && (received.error().code == EAGAIN || received.error().code == EWOULDBLOCK)) continue;
    if (!received) {
      finish();
      break;
    }
    if (!part_with(std::move(received->fds)) || received->cut) {
      breach(v1::ERROR_BAD_REQUEST, "descriptors came, more than can be closed at once; a client sends none");
      break;
    }
    tell_if_all_read();
    if (received->size == 0) {
      // A client that has sent all its requests and shut down its side may still want the replies.
      input_ended_ = true;
      output_.cancel();
      co_await await_hang_up();
      break;
    }
    decoder_.feed(std::span(buffer).first(received->size));
    take_frames();
  }
}

// Asked when it sends something or has sent its last: one that closes with anything unread is a read error instead.
void Connection::tell_if_all_read() {
  int unread = 0;
  if (queue_.empty() && ::ioctl(socket_.native_handle(), SIOCOUTQ, &unread) == 0 && unread == 0) {
    desk_.all_read(peer_.connection);
  }
}

// Descriptors that a client sends were not asked for. False: they are too many.
bool Connection::part_with(std::vector<UniqueFd> fds) {
  const bool few = fds.size() <= kMaxPassedFds;
  if (fds.empty()) return true;
  closer_.close(Closer::Account::of_uid(peer_.uid), std::move(fds));
  return few && closer_.has_room(Closer::Account::of_uid(peer_.uid));
}

// Nothing more comes, so nothing else tells that the client is gone (a half-closed one still reads).
asio::awaitable<void> Connection::await_hang_up() {
  while (!closed_) {
    boost::system::error_code error;
    co_await socket_.async_wait(Socket::wait_error, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    // As in FdWatch: the event may be another descriptor's.
    pollfd look{socket_.native_handle(), 0, 0};
    if (::poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0) finish();
  }
}

void Connection::take_frames() {
  while (!closing_ && !closed_) {
    const auto body = decoder_.take();
    if (!body) break;
    take_request(*body);
  }
  if (closing_ || closed_) return;
  switch (decoder_.state()) {
    case FrameDecoder::State::Ok:
      break;
    case FrameDecoder::State::Empty:
      return breach(v1::ERROR_BAD_REQUEST, "a frame of length 0");
    case FrameDecoder::State::Oversize:
      return breach(v1::ERROR_TOO_LARGE, "a frame of " + std::to_string(decoder_.claimed()) + " bytes, at most " +
                                             std::to_string(kMaxFrameBytes) +
                                             " are allowed; send large payloads through a session");
  }
  if (decoder_.half_frame() != half_frame_seen_) {
    half_frame_seen_ = decoder_.half_frame();
    watchdog_.cancel();
  }
}

void Connection::take_request(const std::string& body) {
  v1::Request request;
  if (!request.ParseFromString(body)) return breach(v1::ERROR_BAD_REQUEST, "a frame that is no request");
  if (request.id() == 0) return breach(v1::ERROR_BAD_REQUEST, "a request with id 0");
  if (!greeted_) return take_hello(request);
  if (request.has_hello()) return breach(v1::ERROR_BAD_REQUEST, "a second hello");
  if (unanswered_ >= limits_.unanswered_requests) {
    (void)send(error_reply(request.id(), v1::ERROR_BUSY,
                           std::to_string(unanswered_) + " requests of this connection are unanswered; wait for some"),
               {});
    return;
  }
  ask_desk(request);
}

void Connection::ask_desk(const v1::Request& request) {
  ++unanswered_;
  desk_.handle(peer_, request,
               [weak = weak_from_this(), id = request.id()](v1::Reply&& reply, std::vector<UniqueFd> fds) {
                 const auto self = weak.lock();
                 if (!self || self->closed_) return false;
                 --self->unanswered_;
                 reply.set_id(id);
                 return self->send(reply, std::move(fds));
               });
}

void Connection::take_hello(const v1::Request& request) {
  if (!request.has_hello()) return breach(v1::ERROR_BAD_REQUEST, "the first request must be hello");
  if (request.hello().version_min() > 1 || request.hello().version_max() < 1) {
    return breach(v1::ERROR_VERSION, "this daemon speaks version 1 of the protocol, the client " +
                                         std::to_string(request.hello().version_min()) + " to " +
                                         std::to_string(request.hello().version_max()) + "; update the older one");
  }
  if (!peer_.kept_since.empty() && !request.hello().administers()) return part(v1::ERROR_BUSY, peer_.kept_since);
  greeted_ = true;
  watchdog_.cancel();
  ask_desk(request);
}

bool Connection::send(const v1::Reply& reply, std::vector<UniqueFd> fds) {
  if (closed_) return false;
  std::string body = reply.SerializeAsString();
  if (body.size() > kMaxFrameBytes) {
    body = error_reply(reply.id(), v1::ERROR_INTERNAL, "the reply is too large for a frame").SerializeAsString();
    fds.clear();
  }
  queue_.push_back({make_frame(body), 0, std::move(fds)});
  queued_bytes_ += queue_.back().bytes.size();
  if (queued_bytes_ > limits_.unread_bytes) {
    log_breach(peer_, "it does not read its replies");
    finish();
    return false;
  }
  output_.cancel();
  return true;
}

asio::awaitable<void> Connection::write() {
  const auto self = shared_from_this();
  while (!closed_) {
    boost::system::error_code error;
    if (queue_.empty()) {
      if (closing_ || (input_ended_ && unanswered_ == 0)) break;
      co_await output_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    Outgoing& front = queue_.front();
    std::array<int, kMaxPassedFds> raw{};
    std::size_t count = 0;
    for (const UniqueFd& fd : front.fds) raw[count++] = fd.get();
    const auto bytes = std::as_bytes(std::span(front.bytes)).subspan(front.sent);
    const auto sent =
        send_with_fds(socket_.native_handle(), bytes, std::span<const int>(raw).first(count), MSG_DONTWAIT);
    if (!sent && (sent.error().code == EAGAIN || sent.error().code == EWOULDBLOCK)) {
      co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      continue;
    }
    if (!sent) break;
    front.fds.clear();
    front.sent += *sent;
    queued_bytes_ -= *sent;
    if (front.sent == front.bytes.size()) queue_.pop_front();
  }
  finish();
}

// Gives up on clients that owe bytes: a hello, the rest of a frame, or the reading of a last word.
asio::awaitable<void> Connection::watch() {
  const auto self = shared_from_this();
  while (!closed_) {
    const bool owes_hello = !greeted_ && !closing_;
    const bool owes_bytes = greeted_ && !closing_ && decoder_.half_frame();
    if (closing_) {
      watchdog_.expires_after(kFarewell);
    } else if (owes_hello) {
      watchdog_.expires_after(limits_.hello_timeout);
    } else if (owes_bytes) {
      watchdog_.expires_after(limits_.half_frame_timeout);
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
    } else if (owes_bytes) {
      breach(v1::ERROR_BAD_REQUEST, "half a frame came, and not the rest of it in time");
    }
  }
}

void Connection::breach(int code, const std::string& what) {
  if (closing_ || closed_) return;
  log_breach(peer_, what);
  part(code, what);
}

void Connection::part(int code, const std::string& what) {
  closing_ = true;
  (void)send(error_reply(0, static_cast<v1::ErrorCode>(code), what), {});
  output_.cancel();
  watchdog_.cancel();
}

}  // namespace ringmaster
