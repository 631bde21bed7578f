#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "daemon/loop/timers.h"

namespace ringmaster::testing {

/// A clock that is turned by hand.
class FakeTimers final : public daemon::Timers {
 public:
  explicit FakeTimers(core::TimePoint begin = core::TimePoint{std::chrono::hours{1}}) : now_(begin) {}
  [[nodiscard]] core::TimePoint now() const override { return now_; }
  TimerId after(core::Duration delay, std::function<void()> action) override {
    timers_.emplace(++last_, Timer{now_ + delay, std::move(action)});
    return last_;
  }
  void cancel(TimerId timer) override { timers_.erase(timer); }
  void post(std::function<void()> action) override { posted_.push_back(std::move(action)); }

  /// What was posted until now.
  void run_posted() {
    for (const auto& action : std::exchange(posted_, {})) action();
  }
  /// Time passes, and what is due meanwhile is done.
  void pass(core::Duration time) {
    now_ += time;
    std::vector<TimerId> due;
    for (const auto& [id, timer] : timers_) {
      if (timer.at <= now_) due.push_back(id);
    }
    for (const TimerId id : due) {
      if (auto timer = timers_.extract(id)) timer.mapped().action();
    }
  }
  [[nodiscard]] std::size_t waiting() const { return timers_.size(); }

 private:
  struct Timer {
    core::TimePoint at;
    std::function<void()> action;
  };
  core::TimePoint now_;
  std::map<TimerId, Timer> timers_;
  std::vector<std::function<void()>> posted_;
  TimerId last_ = 0;
};

}  // namespace ringmaster::testing
