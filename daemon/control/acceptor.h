#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// Sends an Error to a client that is not let in; `code`: a control::v1::ErrorCode. Does not check for success: the
/// frame fits into the buffer of any new socket.
void turn_away(int socket, int code, const std::string& why);

/// Accepts on the daemon's socket. When no descriptor is left, a spare one is used to tell the next clients so and
/// close them; after any other failure clients wait in the backlog for a moment. The supervisor's one thread.
class Acceptor {
 public:
  /// Called with each new connection, which is O_NONBLOCK.
  using Take = std::function<void(UniqueFd)>;

  Acceptor(EventLoop& loop, UniqueFd listener, Take take);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Accepts there from now on; clients that wait at the old listener are accepted first.
  void listen_on(UniqueFd listener);
  void stop();

 private:
  void watch();
  void accept();
  /// False: nobody waits, or accepting is paused.
  bool accept_one();
  void refuse_one(int error);
  void rest(int error);
  void wake();
  void move_on();

  EventLoop& loop_;
  UniqueFd listener_;
  UniqueFd next_;  ///< the next listener, used when nobody waits at this one
  Take take_;
  bool blocks_ = false;  ///< the listener could not be made O_NONBLOCK
  UniqueFd spare_;
  std::unique_ptr<FdWatch> waiting_;  ///< none while accepting is paused
  std::optional<EventLoop::TimerId> rest_;
  std::optional<core::TimePoint> said_;
  std::shared_ptr<char> alive_ =
      std::make_shared<char>();  ///< for callbacks of the closer, which may come after this object is gone
};

}  // namespace ringmaster::daemon
