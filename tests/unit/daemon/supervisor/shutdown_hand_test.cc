#include "daemon/supervisor/shutdown_hand.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ringmaster::daemon {
namespace {

/// A daemon of three facts, and a clock that is turned by hand.
class Ending : public ::testing::Test {
 protected:
  /// Everything that is due within `time`.
  void pass(core::Duration time) {
    const core::TimePoint end = now_ + time;
    while (due_ && due_->first <= end) {
      now_ = due_->first;
      std::exchange(due_, std::nullopt)->second();
    }
    now_ = end;
  }

  core::TimePoint now_{std::chrono::seconds{1}};
  std::optional<std::pair<core::TimePoint, std::function<void()>>> due_;
  bool pools_stopped_ = false, work_ended_ = false, replies_sent_ = false;
  std::vector<std::string> done_;
  ShutdownHand hand_{
      {[this] { return now_; },
       [this](core::Duration delay, std::function<void()> action) {
         ASSERT_FALSE(due_);
         due_ = {now_ + delay, std::move(action)};
       }},
      {[this] { return pools_stopped_; }, [this] { return work_ended_; }, [this] { return replies_sent_; }},
      {[this] { done_.emplace_back("stop pools"); }, [this] { done_.emplace_back("end sessions"); },
       [this] { done_.emplace_back("close the door"); }, [this] { done_.emplace_back("end"); }}};
};

using Done = std::vector<std::string>;

TEST_F(Ending, DoesEachThingOnceWhenWhatComesBeforeHasHappened) {
  hand_.pool_changed();
  EXPECT_FALSE(hand_.stopping());
  hand_.request();
  hand_.request();
  EXPECT_TRUE(hand_.stopping());
  hand_.pool_changed();
  pass(std::chrono::hours{1});
  EXPECT_EQ(done_, Done{"stop pools"});

  pools_stopped_ = true;
  hand_.pool_changed();
  hand_.pool_changed();
  EXPECT_EQ(done_, Done{"stop pools"}) << "never within the call";
  pass(core::Duration::zero());
  EXPECT_EQ(done_, (Done{"stop pools", "end sessions"}));

  work_ended_ = replies_sent_ = true;
  pass(ShutdownHand::kPause);
  EXPECT_EQ(done_.back(), "close the door") << "replies get a turn of the loop";
  pass(ShutdownHand::kPause);
  EXPECT_EQ(done_, (Done{"stop pools", "end sessions", "close the door", "end"}));
  EXPECT_FALSE(due_);
}

TEST_F(Ending, IsHeldUpByNobodyForLong) {
  hand_.request();
  pools_stopped_ = true;
  hand_.pool_changed();
  pass(core::Shutdown::kCloseLimit - std::chrono::milliseconds{1});
  EXPECT_EQ(done_.size(), 2U);
  pass(std::chrono::milliseconds{1});
  EXPECT_EQ(done_.size(), 3U);
  pass(core::Shutdown::kPartLimit);
  EXPECT_EQ(done_.back(), "end");
  EXPECT_FALSE(due_);
}

}  // namespace
}  // namespace ringmaster::daemon
