#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// The last word to somebody who is not let in; `code`: a control::v1::ErrorCode. Best effort: the frame fits any fresh
/// socket's buffer.
void turn_away(int socket, int code, const std::string& why);

/// Accepts on the daemon's socket. Without a descriptor for another client the next ones are let in with one that is
/// kept for them, told so and let go; for all else that goes wrong they wait in the backlog for a moment. The
/// supervisor's one thread.
class Acceptor {
 public:
  /// Called with a connection that waits for nothing (O_NONBLOCK).
  using Take = std::function<void(UniqueFd)>;

  Acceptor(EventLoop& loop, UniqueFd listener, Take take);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Accepts there from now on; who waits at the old one is still let in.
  void listen_on(UniqueFd listener);
  void stop();

 private:
  void watch();
  void accept();
  /// False: nobody waits, or it rests.
  bool accept_one();
  void refuse_one(int error);
  void rest(int error);
  void wake();
  void move_on();

  EventLoop& loop_;
  UniqueFd listener_;
  UniqueFd next_;  ///< where it accepts when nobody waits at this one
  Take take_;
  bool blocks_ = false;  ///< its flags could not be changed
  UniqueFd spare_;
  std::unique_ptr<FdWatch> waiting_;  ///< none while it rests
  std::optional<EventLoop::TimerId> rest_;
  std::optional<core::TimePoint> said_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for what the closer calls later
};

}  // namespace ringmaster::daemon
