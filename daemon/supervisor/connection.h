#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/supervisor/closer.h"
#include "daemon/supervisor/control_server.h"
#include "proto/frame.h"

namespace ringmaster {

/// One client's control connection: a reader, a writer and a watchdog, coroutines on the supervisor's thread that keep
/// it alive. Ends by hang-up (at once, whatever is
/// unanswered), by the last answer to a client that sends no more, by a breach of the protocol (after an Error reply),
/// or by close().
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  /// `ended`: the socket is closed, and with it whatever the client has left in it.
  Connection(Socket socket, Peer peer, RequestDesk& desk, Closer& closer, const ControlLimits& limits,
             std::function<void()> ended);

  void start();
  /// Replies that the kernel has not taken yet.
  [[nodiscard]] std::size_t unsent_bytes() const { return queued_bytes_; }
  /// No more callbacks; the socket closes now.
  void close();
  /// Queues one reply. A client that leaves too much unread is cut off.
  /// False: the connection has ended.
  bool send(const control::v1::Reply& reply, std::vector<UniqueFd> fds);

 private:
  struct Outgoing {
    std::string bytes;
    std::size_t sent = 0;
    std::vector<UniqueFd> fds;
  };

  boost::asio::awaitable<void> read();
  boost::asio::awaitable<void> await_hang_up();
  boost::asio::awaitable<void> write();
  boost::asio::awaitable<void> watch();
  void tell_if_all_read();
  [[nodiscard]] bool part_with(std::vector<UniqueFd> fds);
  void take_frames();
  void take_request(const std::string& body);
  void ask_desk(const control::v1::Request& request);
  void take_hello(const control::v1::Request& request);
  /// The last word of this side.
  void part(int code, const std::string& what);
  void breach(int code, const std::string& what);
  void finish();

  Socket socket_;
  boost::asio::steady_timer output_;  ///< cancelled when there is something to write
  boost::asio::steady_timer watchdog_;
  Peer peer_;
  RequestDesk& desk_;
  Closer& closer_;
  ControlLimits limits_;
  std::function<void()> ended_;
  FrameDecoder decoder_;
  std::deque<Outgoing> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t unanswered_ = 0;
  bool greeted_ = false;
  bool closing_ = false;  ///< no more is read; what is queued goes out, then the socket closes
  bool closed_ = false;
  bool input_ended_ =
      false;  ///< the client has shut its side down: what it asked for is answered, then the socket closes
  bool half_frame_seen_ = false;
};

/// The end of a client's socket: the client sees it at once. Where something unread lies in it, which may draw the
/// close out, that is the closer's, and `closed` (which may be null) is called later; else before this returns.
void hand_over(Connection::Socket& socket, Closer& closer, std::uint32_t uid, Closer::Action closed);

}  // namespace ringmaster
