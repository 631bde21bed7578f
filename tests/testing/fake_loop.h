#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/loop/closer.h"
#include "daemon/loop/event_loop.h"
#include "tests/testing/fake_timers.h"

namespace ringmaster::testing {

/// Does nothing before it is told, and then at once.
class FakeCloser final : public daemon::Closer {
 public:
  [[nodiscard]] bool has_room(Account) const override { return true; }
  [[nodiscard]] bool full() const override { return false; }

  void run_all() {
    for (const Errand& errand : std::exchange(errands_, {})) {
      errand.work();
      if (errand.done) errand.done();
    }
  }

 private:
  struct Errand {
    Action work;
    Action done;
  };
  void add(Account, std::size_t, Action work, Action done) override {
    errands_.push_back({std::move(work), std::move(done)});
  }
  std::vector<Errand> errands_;
};

/// What a FakeLoop is made of; there before the loop is.
struct FakeLoopParts {
  boost::asio::io_context asio;
  FakeTimers clock;
};

/// The supervisor's loop without a thread and with a clock that is turned by hand. Descriptors are watched as ever.
class FakeLoop final : private FakeLoopParts, public daemon::EventLoop {
 public:
  explicit FakeLoop(core::TimePoint begin = core::TimePoint{std::chrono::hours{1}})
      : FakeLoopParts{{}, FakeTimers(begin)}, EventLoop(asio, std::make_unique<FakeCloser>()) {}

  [[nodiscard]] core::TimePoint now() const override { return clock.now(); }
  TimerId after(core::Duration delay, std::function<void()> action) override {
    return clock.after(delay, std::move(action));
  }
  void cancel(TimerId timer) override { clock.cancel(timer); }

  /// One thing, if there is one.
  void poll_one() {
    asio.restart();
    asio.poll_one();
  }
  /// All that needs neither time nor the closer.
  void poll() {
    asio.restart();
    asio.poll();
  }
  /// Time passes, and what is due meanwhile is done.
  void pass(core::Duration time) {
    clock.pass(time);
    poll();
  }
  [[nodiscard]] FakeCloser& fake_closer() { return static_cast<FakeCloser&>(closer()); }
};

}  // namespace ringmaster::testing
