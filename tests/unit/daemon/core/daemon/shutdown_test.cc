#include "daemon/core/daemon/shutdown.h"

#include <gtest/gtest.h>

#include <array>

namespace ringmaster::core {
namespace {

using State = Shutdown::State;
using Event = Shutdown::Event;
using Effect = Shutdown::Effect;

constexpr TimePoint kStart{std::chrono::seconds{100}};
constexpr std::array kEvents{Event::StopRequested, Event::PoolsStopped, Event::WorkEnded, Event::RepliesSent,
                             Event::TimerFired};

Shutdown shutdown_in(State wanted) {
  Shutdown shutdown;
  for (const Event event : {Event::StopRequested, Event::PoolsStopped, Event::WorkEnded, Event::RepliesSent}) {
    if (shutdown.state() == wanted) break;
    (void)shutdown.handle(kStart, event);
  }
  EXPECT_EQ(shutdown.state(), wanted);
  return shutdown;
}

struct Step {
  State from;
  Event event;
  State to;
  Effect effect;
};

TEST(Shutdown, TakesEveryStepOfItsTableAndNoOther) {
  constexpr std::array kSteps{
      Step{State::Serving, Event::StopRequested, State::Stopping, Effect::StopPools},
      Step{State::Stopping, Event::PoolsStopped, State::Closing, Effect::EndSessions},
      Step{State::Closing, Event::WorkEnded, State::Parting, Effect::CloseDoor},
      Step{State::Parting, Event::RepliesSent, State::Ended, Effect::EndProcess},
  };
  for (const State from : {State::Serving, State::Stopping, State::Closing, State::Parting, State::Ended}) {
    for (const Event event : kEvents) {
      Step expected{from, event, from, Effect::None};
      for (const Step& step : kSteps) {
        if (step.from == from && step.event == event) expected = step;
      }
      Shutdown shutdown = shutdown_in(from);
      EXPECT_EQ(shutdown.handle(kStart, event), expected.effect) << int(from) << " " << int(event);
      EXPECT_EQ(shutdown.state(), expected.to) << int(from) << " " << int(event);
    }
  }
}

TEST(Shutdown, WaitsForSessionsAndRepliesOnlySoLong) {
  constexpr Duration kTick{1};
  Shutdown shutdown = shutdown_in(State::Closing);
  ASSERT_EQ(shutdown.deadline(), kStart + Shutdown::kCloseLimit);
  EXPECT_EQ(shutdown.handle(kStart + Shutdown::kCloseLimit - kTick, Event::TimerFired), Effect::None);
  const TimePoint parting = kStart + Shutdown::kCloseLimit;
  EXPECT_EQ(shutdown.handle(parting, Event::TimerFired), Effect::CloseDoor);
  ASSERT_EQ(shutdown.deadline(), parting + Shutdown::kPartLimit);
  EXPECT_EQ(shutdown.handle(parting + Shutdown::kPartLimit - kTick, Event::TimerFired), Effect::None);
  EXPECT_EQ(shutdown.handle(parting + Shutdown::kPartLimit, Event::TimerFired), Effect::EndProcess);
  EXPECT_FALSE(shutdown.deadline());
}

TEST(Shutdown, GivesPoolsAllTheTimeTheyTake) {
  Shutdown shutdown = shutdown_in(State::Stopping);
  EXPECT_FALSE(shutdown.deadline());
  EXPECT_EQ(shutdown.handle(kStart + std::chrono::hours{1}, Event::TimerFired), Effect::None);
  EXPECT_TRUE(shutdown.stopping());
}

}  // namespace
}  // namespace ringmaster::core
