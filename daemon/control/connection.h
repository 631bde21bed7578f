#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/control/control_limits.h"
#include "daemon/control/output_buffer.h"
#include "daemon/control/request_desk.h"
#include "daemon/control/turn_runner.h"
#include "daemon/core/daemon/traffic_book.h"
#include "daemon/loop/event_loop.h"
#include "proto/frame.h"

namespace ringmaster::daemon {

/// What the connections of one server share.
struct ConnectionHost {
  EventLoop& loop;
  RequestDesk& desk;
  TurnRunner& turns;
  /// Shared with the requests that are held elsewhere, which may outlive the server.
  std::shared_ptr<core::TrafficBook> traffic;
  ControlLimits limits;
  std::span<std::byte> input;  ///< where each turn reads to
  std::function<void()> held_grew;
  /// A large request of the uid is read: another one may be.
  std::function<void(std::uint32_t uid)> large_ended;
};

/// One client's control connection, on the supervisor's thread. What it reads and answers it does in its turns; a
/// writer and a watchdog are coroutines that keep it alive. While too much of its replies is unread nothing more is
/// read from it. Ends by hang-up (at once, whatever is unanswered), by the last answer to a client that sends no more,
/// by a breach of the protocol (after an Error reply), or by close().
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  /// `ended`: the socket is closed, and with it whatever the client has left in it. REQUIRES: `host` outlives it, but
  /// for close().
  Connection(Socket socket, Peer peer, ConnectionHost& host, std::function<void()> ended);

  void start();
  [[nodiscard]] std::uint32_t uid() const { return peer_.uid; }
  /// True: there is more to do.
  bool take_turn(core::TurnBudget& budget);
  /// Replies that the kernel has not taken yet; not 0 also where one is still to be built.
  [[nodiscard]] std::size_t unsent_bytes() const { return output_.size() + due_.size(); }
  /// A large request of its uid is read; it may be the next.
  void large_may_begin();
  /// No more callbacks; the socket closes now.
  void close();

 private:
  class Question;

  void await_input();
  void await_input_again();
  /// False: there is nothing to read now.
  bool read_some();
  [[nodiscard]] bool part_with(std::vector<UniqueFd> fds);
  void watch_for_hang_up();
  boost::asio::awaitable<void> await_hang_up();
  [[nodiscard]] bool closed_with_unread();
  void leave();
  boost::asio::awaitable<void> await_reading();
  boost::asio::awaitable<void> write();
  boost::asio::awaitable<void> watch();
  [[nodiscard]] bool has_room() const;
  /// Nothing goes out behind the last word.
  [[nodiscard]] bool takes_answers() const { return !closed_ && !closing_; }
  void want_turn();
  void check_stream();
  /// False: something is unread, as far as can be told.
  bool tell_if_all_read();
  [[nodiscard]] bool may_read_on();
  void end_large();
  void owe(bool bytes);
  boost::asio::awaitable<void> pause();
  void take_request(const std::string& body);
  void ask_desk(control::v1::Request&& request);
  void take_hello(control::v1::Request&& request);
  bool send(const control::v1::Reply& reply, std::vector<UniqueFd> fds);
  /// Gives the kernel what it takes. False: it takes no more now.
  bool flush();
  /// The last word of this side.
  void part(int code, const std::string& what);
  void breach(int code, const std::string& what);
  void finish();

  Socket socket_;
  boost::asio::steady_timer writer_;  ///< cancelled when there is something to write
  boost::asio::steady_timer watchdog_;
  Peer peer_;
  ConnectionHost& host_;
  std::function<void()> ended_;
  wire::FrameDecoder decoder_;
  OutputBuffer output_;
  std::deque<std::function<void()>> due_;  ///< answers that wait for room
  std::size_t unanswered_ = 0;
  core::Bytes large_{};           ///< of the large request that is being read
  bool waits_for_large_ = false;  ///< for those of other connections to end
  bool greeted_ = false;
  bool in_turn_ = false;
  bool awaiting_input_ = false;
  bool watched_for_hang_up_ = false;
  bool drained_ = false;  ///< the last read took all that was there
  bool refused_ = false;  ///< the kernel took nothing, and not for want of room
  bool closing_ = false;  ///< no more is read; what is queued goes out, then the socket closes
  bool closed_ = false;
  /// The client has shut its side down: what it asked for is answered, then the socket closes.
  bool input_ended_ = false;
  bool leaving_ = false;     ///< it has all its answers, in the kernel; whether it reads them is looked at
  bool owes_bytes_ = false;  ///< of a frame that has begun
  core::TimePoint owes_since_{};
};

}  // namespace ringmaster::daemon
