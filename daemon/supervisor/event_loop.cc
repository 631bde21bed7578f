#include "daemon/supervisor/event_loop.h"

#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "daemon/supervisor/closer.h"

namespace ringmaster {

namespace asio = boost::asio;

struct EventLoop::State {
  explicit State(asio::io_context& c) : context(c) {}
  asio::io_context& context;
  std::map<TimerId, asio::steady_timer> timers;
  TimerId last_timer = 0;
};

EventLoop::EventLoop(asio::io_context& context)
    : state_(std::make_shared<State>(context)), closer_(std::make_unique<Closer>(*this)) {}
EventLoop::~EventLoop() { state_->timers.clear(); }

core::TimePoint EventLoop::now() const { return std::chrono::steady_clock::now(); }

EventLoop::TimerId EventLoop::after(core::Duration delay, std::function<void()> action) {
  const TimerId id = ++state_->last_timer;
  auto [at, inserted] = state_->timers.try_emplace(id, state_->context);
  at->second.expires_after(delay);
  at->second.async_wait(
      [id, action = std::move(action), weak = std::weak_ptr(state_)](boost::system::error_code error) {
        const auto state = weak.lock();
        // A timer that was cancelled after it had fired finds itself gone.
        if (error || !state || state->timers.erase(id) == 0) return;
        action();
      });
  return id;
}

void EventLoop::cancel(TimerId timer) { state_->timers.erase(timer); }

void EventLoop::post(std::function<void()> action) { asio::post(state_->context, std::move(action)); }

asio::io_context& EventLoop::context() { return state_->context; }

struct FdWatch::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, int fd, std::function<void()> action)
      : descriptor(context, fd), readable(std::move(action)) {}

  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (error || self->ended) return;
                            // Asio reuses the state of a descriptor that was closed in this very turn of its loop,
                            // with that one's event still queued: what it says may be about another descriptor.
                            pollfd look{self->descriptor.native_handle(), POLLIN, 0};
                            if (::poll(&look, 1, 0) > 0) self->readable();
                            if (!self->ended) self->wait();
                          });
  }

  asio::posix::stream_descriptor descriptor;
  std::function<void()> readable;
  bool ended = false;
};

FdWatch::FdWatch(EventLoop& loop, int fd, std::function<void()> readable)
    : state_(std::make_shared<State>(loop.context(), fd, std::move(readable))) {
  state_->wait();
}

FdWatch::~FdWatch() {
  state_->ended = true;
  (void)state_->descriptor.release();  // cancels the wait and leaves the descriptor to its owner
}

}  // namespace ringmaster
