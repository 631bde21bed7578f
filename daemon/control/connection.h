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

/// What all connections of a server share.
struct ConnectionHost {
  EventLoop& loop;
  RequestDesk& desk;
  TurnRunner& turns;
  /// Shared with requests that are being answered elsewhere, which may outlive the server.
  std::shared_ptr<core::TrafficBook> traffic;
  ControlLimits limits;
  std::span<std::byte> input;  ///< buffer for the bytes of each turn
  std::function<void()> held_grew;
  /// Called when a large request of the uid has been read, so that another one may begin.
  std::function<void(std::uint32_t uid)> large_ended;
};

/// One client's control connection, on the supervisor's thread. It reads and answers in its turns; a writer and a
/// watchdog are coroutines that keep it alive. While too many of its replies are unread nothing more is read from it.
/// It ends by a hang-up (at once, even with requests unanswered), after the last answer to a client that sends no more,
/// after a breach of the protocol (with an Error reply), or by close().
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  /// `ended` is called when the socket is closed, with everything that the client has left in it. REQUIRES: `host`
  /// outlives this until close().
  Connection(Socket socket, Peer peer, ConnectionHost& host, std::function<void()> ended);

  void start();
  [[nodiscard]] std::uint32_t uid() const { return peer_.uid; }
  /// Reads and answers within the budget. True: there is more to do.
  bool take_turn(core::TurnBudget& budget);
  /// Bytes of replies that the kernel has not taken yet; also not 0 if a reply is still to be built.
  [[nodiscard]] std::size_t unsent_bytes() const { return output_.size() + due_.size(); }
  /// Another large request of its uid has been read, so this connection's may begin.
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
  /// False after the last reply or Error: nothing may follow it.
  [[nodiscard]] bool takes_answers() const { return !closed_ && !closing_; }
  void want_turn();
  void check_stream();
  /// Reports it if the client has read everything. False: something is unread, as far as can be known.
  bool tell_if_all_read();
  [[nodiscard]] bool may_read_on();
  void end_large();
  void owe(bool bytes);
  boost::asio::awaitable<void> pause();
  void take_request(const std::string& body);
  void ask_desk(control::v1::Request&& request);
  void take_hello(control::v1::Request&& request);
  bool send(const control::v1::Reply& reply, std::vector<UniqueFd> fds);
  /// Sends what the kernel takes. False: it takes no more now.
  bool flush();
  /// Sends an Error as the last reply, and closes after it.
  void part(int code, const std::string& what);
  void breach(int code, const std::string& what);
  void finish();

  Socket socket_;
  boost::asio::steady_timer writer_;  ///< cancelled to wake the writer when there is something to write
  boost::asio::steady_timer watchdog_;
  Peer peer_;
  ConnectionHost& host_;
  std::function<void()> ended_;
  wire::FrameDecoder decoder_;
  OutputBuffer output_;
  std::deque<std::function<void()>> due_;  ///< builders of answers, which wait for room
  std::size_t unanswered_ = 0;
  core::Bytes large_{};           ///< size of the large request that is being read
  bool waits_for_large_ = false;  ///< until large requests of other connections have been read
  bool greeted_ = false;
  bool in_turn_ = false;
  bool awaiting_input_ = false;
  bool watched_for_hang_up_ = false;
  bool drained_ = false;  ///< the last read emptied the socket
  bool refused_ = false;  ///< the kernel took nothing, for another reason than a full buffer
  bool closing_ = false;  ///< nothing more is read; queued replies are sent, then the socket is closed
  bool closed_ = false;
  /// The client has shut its side down: its requests are answered, then the socket is closed.
  bool input_ended_ = false;
  bool leaving_ = false;     ///< all answers are in the kernel; waiting until the client has read them
  bool owes_bytes_ = false;  ///< the client must send the rest of a frame in time
  core::TimePoint owes_since_{};
};

}  // namespace ringmaster::daemon
