#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/core/types.h"
#include "daemon/loop/timers.h"

namespace boost::asio {
class io_context;
}

namespace ringmaster::daemon {

class Closer;

/// The supervisor's one event loop, without showing Asio: timers, posted actions, and watches on descriptors. Only
/// event_loop.cc and daemon/control include Asio. Tests turn its clock by hand (tests/testing/fake_loop.h).
class EventLoop : public Timers {
 public:
  /// Throws boost::system::system_error if the kernel cannot watch descriptors.
  explicit EventLoop(boost::asio::io_context& context);
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] core::TimePoint now() const override;
  TimerId after(core::Duration delay, std::function<void()> action) override;
  void cancel(TimerId timer) override;
  /// May be called from any thread.
  void post(std::function<void()> action) override;
  /// For work that could block.
  [[nodiscard]] Closer& closer() { return *closer_; }
  [[nodiscard]] boost::asio::io_context& context();

 protected:
  EventLoop(boost::asio::io_context& context, std::unique_ptr<Closer> closer);

 private:
  friend class FdWatch;
  struct State;
  std::shared_ptr<State> state_;
  std::unique_ptr<Closer> closer_;
};

/// Watches a descriptor (borrowed; it must stay open for the watch's life) and calls back each time it is readable or
/// has hung up. Level-triggered. Destroying the watch ends it, even within the callback. Never fails: a descriptor that
/// the kernel cannot watch (max_user_watches, memory) is checked now and then until it can.
class FdWatch {
 public:
  FdWatch(EventLoop& loop, int fd, std::function<void()> readable);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

 private:
  std::weak_ptr<EventLoop::State> loop_;
  std::uint32_t id_;
};

}  // namespace ringmaster::daemon
