#include "daemon/control/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "base/link_error.h"
#include "base/plant.h"
#include "daemon/control/parting.h"
#include "daemon/machine/memory_reserve.h"
#include "proto/control.pb.h"
#include "proto/control_convert.h"
#include "proto/fd_passing.h"
#include "proto/request_shape.h"
#include "proto/stranger.h"

namespace ringmaster::daemon {
namespace {

namespace asio = boost::asio;
namespace v1 = control::v1;

}  // namespace

class Connection::Question final : public Asker {
 public:
  Question(std::weak_ptr<Connection> connection, const Peer& peer, std::uint64_t id,
           std::shared_ptr<core::TrafficBook> traffic)
      : connection_(std::move(connection)), peer_(peer), id_(id), traffic_(std::move(traffic)) {}
  ~Question() override { end(); }

  [[nodiscard]] bool alive() const override {
    const auto connection = connection_.lock();
    return connection && connection->takes_answers();
  }
  bool answer(v1::Reply&& reply, std::vector<UniqueFd> fds) override {
    if (!end() && !planted(Plant::OutcomeTwice)) return false;
    const auto connection = connection_.lock();
    if (!connection || !connection->takes_answers()) return false;
    reply.set_id(id_);
    return connection->send(reply, std::move(fds));
  }
  void when_room(std::function<void()> then) override {
    const auto connection = connection_.lock();
    if (!connection || !connection->takes_answers()) return;
    connection->due_.push_back(std::move(then));
    connection->want_turn();
  }
  [[nodiscard]] std::uint64_t connection() const override { return peer_.connection; }

 private:
  // True once: marks the request as answered. False: it was answered already.
  bool end() {
    if (std::exchange(ended_, true)) return false;
    traffic_->end_request(peer_.uid);
    if (const auto connection = connection_.lock()) --connection->unanswered_;
    return true;
  }

  std::weak_ptr<Connection> connection_;
  Peer peer_;
  std::uint64_t id_;
  std::shared_ptr<core::TrafficBook> traffic_;
  bool ended_ = false;
};

Connection::Connection(Socket socket, Peer peer, ConnectionHost& host, std::function<void()> ended)
    : socket_(std::move(socket)),
      writer_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      watchdog_(socket_.get_executor()),
      peer_(std::move(peer)),
      host_(host),
      ended_(std::move(ended)) {}

void Connection::start() {
  const auto executor = socket_.get_executor();
  asio::co_spawn(
      executor, [self = shared_from_this()] { return self->write(); }, asio::detached);
  asio::co_spawn(
      executor, [self = shared_from_this()] { return self->watch(); }, asio::detached);
  await_input();
}

void Connection::close() {
  ended_ = nullptr;
  finish();
}

void Connection::finish() {
  if (closed_) return;
  closed_ = true;
  writer_.cancel();
  watchdog_.cancel();
  host_.traffic->remove_unread(peer_.uid, {output_.size()});
  output_.clear();
  end_large();
  host_.turns.forget(peer_.uid, peer_.connection);
  due_.clear();
  if (ended_) host_.desk.connection_closed(peer_.connection);
  hand_over(socket_, host_.loop.closer(), peer_.uid, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->ended_) std::exchange(self->ended_, nullptr)();
  });
}

bool Connection::has_room() const { return host_.traffic->has_room(peer_.uid, {output_.size()}); }

void Connection::want_turn() {
  if (!closed_) host_.turns.want(peer_.uid, peer_.connection);
}

// Does nothing if there is no room for replies: the writer asks for another turn when the client has read.
bool Connection::take_turn(core::TurnBudget& budget) {
  in_turn_ = true;
  // After the client's end nothing more arrives that would lead to this check; a further answer would hide that all is
  // read.
  if (input_ended_) (void)tell_if_all_read();
  bool more = true;
  while (more && !closed_ && has_room() && budget.step(host_.loop.now())) {
    if (!due_.empty()) {
      const auto answer = std::move(due_.front());
      due_.pop_front();
      answer();
      budget.request_taken();
    } else if (closing_ || input_ended_ || awaiting_input_) {
      more = false;
    } else if (const auto body = decoder_.take()) {
      take_request(*body);
      budget.request_taken();
    } else {
      more = read_some();
    }
  }
  in_turn_ = false;
  owe(!closed_ && !closing_ && awaiting_input_ && decoder_.half_frame());
  if (!closed_ && !flush()) writer_.cancel();
  return more && !closed_ && has_room();
}

bool Connection::read_some() {
  check_stream();
  if (closing_ || !may_read_on()) return false;
  if (std::exchange(drained_, false)) {
    await_input();
    return false;
  }
  auto received = wire::receive_from_stranger(socket_.native_handle(), host_.input, MSG_DONTWAIT);
  if (!received && (received.error().code == EAGAIN || received.error().code == EWOULDBLOCK)) {
    await_input();
    return false;
  }
  if (!received && !link_is_dead(received.error().code)) {
    await_input_again();
    return false;
  }
  if (!received) {
    finish();
    return false;
  }
  if (!part_with(std::move(received->fds)) || received->cut) {
    breach(v1::ERROR_BAD_REQUEST, "descriptors came, more than can be closed at once; a client sends none");
    return false;
  }
  (void)tell_if_all_read();
  if (received->size == 0) {
    // The client has sent all its requests and shut down its side, but may still want the replies.
    input_ended_ = true;
    // Drops a partial request, which will never be complete.
    decoder_ = wire::FrameDecoder();
    end_large();
    watch_for_hang_up();
    return false;
  }
  decoder_.feed(host_.input.first(received->size));
  drained_ = received->size < host_.input.size();
  return true;
}

// Called when the client sends something, and at its end. A close empties the socket's queue too, but then a read first
// gives an error if the queue was not empty.
bool Connection::tell_if_all_read() {
  int unread = 0;
  if (!output_.empty() || ::ioctl(socket_.native_handle(), SIOCOUTQ, &unread) != 0 || unread != 0) return false;
  if (closed_with_unread()) return false;
  host_.desk.all_read(peer_.connection);
  return true;
}

// Closes descriptors that the client has sent without need. False: there are too many.
bool Connection::part_with(std::vector<UniqueFd> fds) {
  if (fds.empty()) return true;
  const bool few = fds.size() <= wire::kMaxPassedFds;
  const auto account = Closer::Account::of_uid(peer_.uid);
  host_.loop.closer().close(account, std::move(fds));
  return few && host_.loop.closer().has_room(account);
}

// A large request is read only when its uid has room for it: otherwise partial requests of many connections would add
// up.
bool Connection::may_read_on() {
  const core::Bytes size{decoder_.begun()};
  if (size <= host_.traffic->limits().small_request) return true;
  if (MemoryReserve::spent()) {
    part(v1::ERROR_NO_MEMORY, MemoryReserve::kRefusal);
    return false;
  }
  if (large_.value != 0) return true;
  waits_for_large_ = !host_.traffic->begin_large(peer_.uid, size);
  if (waits_for_large_) {
    watch_for_hang_up();
    return false;
  }
  large_ = size;
  host_.held_grew();
  return true;
}

void Connection::end_large() {
  if (large_.value == 0) return;
  host_.traffic->end_large(peer_.uid, std::exchange(large_, {}));
  host_.large_ended(peer_.uid);
}

void Connection::large_may_begin() {
  if (std::exchange(waits_for_large_, false)) want_turn();
}

void Connection::check_stream() {
  switch (decoder_.state()) {
    case wire::FrameDecoder::State::Ok:
      break;
    case wire::FrameDecoder::State::Empty:
      return breach(v1::ERROR_BAD_REQUEST, "a frame of length 0");
    case wire::FrameDecoder::State::Oversize:
      return breach(v1::ERROR_TOO_LARGE, "a frame of " + std::to_string(decoder_.claimed()) + " bytes, at most " +
                                             std::to_string(wire::kMaxFrameBytes) +
                                             " are allowed; send large payloads through a session");
  }
}

// Notes whether the client must send bytes in time. While this side does not read, it need not.
void Connection::owe(bool bytes) {
  if (bytes == owes_bytes_) return;
  owes_bytes_ = bytes;
  owes_since_ = asio::steady_timer::clock_type::now();
  if (bytes) watchdog_.cancel();
}

void Connection::take_request(const std::string& body) {
  owe(false);
  end_large();
  if (auto wrong = wire::check_shape(body); !wrong.empty()) return breach(v1::ERROR_BAD_REQUEST, wrong);
  v1::Request request;
  if (!request.ParseFromString(body)) return breach(v1::ERROR_BAD_REQUEST, "a frame that is not a request");
  if (request.id() == 0) return breach(v1::ERROR_BAD_REQUEST, "a request with id 0");
  if (!greeted_) return take_hello(std::move(request));
  if (request.has_hello()) return breach(v1::ERROR_BAD_REQUEST, "a second hello");
  ask_desk(std::move(request));
}

void Connection::ask_desk(v1::Request&& request) {
  if (const auto refused = host_.traffic->take_request(peer_.uid, unanswered_)) {
    (void)send(wire::error_reply(request.id(), v1::ERROR_BUSY, *refused), {});
    return;
  }
  ++unanswered_;
  auto question = std::make_shared<Question>(weak_from_this(), peer_, request.id(), host_.traffic);
  host_.desk.handle(peer_, std::move(request), Responder(std::move(question)));
}

void Connection::take_hello(v1::Request&& request) {
  if (!request.has_hello()) return breach(v1::ERROR_BAD_REQUEST, "the first request must be hello");
  if (request.hello().version_min() > 1 || request.hello().version_max() < 1) {
    return breach(v1::ERROR_VERSION, "this daemon speaks version 1 of the protocol, the client " +
                                         std::to_string(request.hello().version_min()) + " to " +
                                         std::to_string(request.hello().version_max()) + "; update the older one");
  }
  if (!peer_.kept_since.empty() && !request.hello().administers()) return part(v1::ERROR_BUSY, peer_.kept_since);
  greeted_ = true;
  watchdog_.cancel();
  ask_desk(std::move(request));
}

bool Connection::send(const v1::Reply& reply, std::vector<UniqueFd> fds) {
  if (closed_) return false;
  const std::size_t before = output_.size();
  output_.add(reply, std::move(fds));
  host_.traffic->add_unread(peer_.uid, {output_.size() - before});
  host_.held_grew();
  if (!in_turn_) writer_.cancel();
  return true;
}

bool Connection::flush() {
  while (!output_.empty()) {
    const std::size_t before = output_.size();
    const auto sent = output_.send(socket_.native_handle());
    refused_ = !sent && sent.error().code != EAGAIN && sent.error().code != EWOULDBLOCK;
    if (!sent && !link_is_dead(sent.error().code)) return false;
    if (!sent) {
      finish();
      return true;
    }
    host_.traffic->remove_unread(peer_.uid, {before - output_.size()});
  }
  if (closing_) {
    finish();
  } else if (input_ended_ && unanswered_ == 0) {
    leave();
  }
  return true;
}

asio::awaitable<void> Connection::write() {
  const auto self = shared_from_this();
  while (!closed_) {
    boost::system::error_code error;
    const bool taken = flush();
    if (closed_) break;
    // There is room again: goes on with what has waited for it.
    const bool reads = !awaiting_input_ && !waits_for_large_ && !closing_ && !input_ended_;
    if ((reads || !due_.empty()) && has_room()) want_turn();
    if (taken) {
      co_await writer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    } else if (refused_) {
      co_await pause();
    } else {
      co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
      if (error) finish();
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
  due_.clear();
  (void)send(wire::error_reply(0, static_cast<v1::ErrorCode>(code), what), {});
  writer_.cancel();
  watchdog_.cancel();
}

}  // namespace ringmaster::daemon
