#include "daemon/core/pool/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using State = Drain::State;
using E = Drain::Effect;
using Effects = std::vector<E>;

constexpr TimePoint kNow{100s};

Drain in_state(State state) {
  Drain drain;
  if (state == State::Running) return drain;
  if (state == State::Draining || state == State::Drained) {
    (void)drain.handle(kNow, Drain::DrainRequested{});
    if (state == State::Drained) (void)drain.handle(kNow, Drain::BecameIdle{});
    return drain;
  }
  (void)drain.handle(kNow, Drain::StopRequested{30s});
  if (state == State::Killing) (void)drain.handle(kNow + 30s, Drain::TimerFired{});
  if (state == State::Stopped) (void)drain.handle(kNow, Drain::WorkersGone{});
  return drain;
}

TEST(Drain, WalksEveryStateAndEvent) {
  const std::vector<Drain::Event> events = {Drain::DrainRequested{},   Drain::ResumeRequested{},
                                            Drain::StopRequested{30s}, Drain::BecameIdle{},
                                            Drain::WorkersGone{},      Drain::TimerFired{}};
  using enum Drain::State;
  struct Cell {
    State to;
    Effects effects;
  };
  const Effects stop = {E::LoseQueued, E::AskWorkersToStop};
  const std::vector<std::pair<State, std::vector<Cell>>> table = {
      {Running,
       {{Draining, {E::RefuseJobs}},
        {Running, {}},
        {Stopping, {E::RefuseJobs, E::LoseQueued, E::AskWorkersToStop}},
        {Running, {}},
        {Running, {}},
        {Running, {}}}},
      {Draining,
       {{Draining, {}},
        {Running, {E::AcceptJobs}},
        {Stopping, stop},
        {Drained, {E::ReportDrained}},
        {Draining, {}},
        {Draining, {}}}},
      {Drained,
       {{Drained, {}}, {Running, {E::AcceptJobs}}, {Stopping, stop}, {Drained, {}}, {Drained, {}}, {Drained, {}}}},
      {Stopping,
       {{Stopping, {}},
        {Stopping, {}},
        {Stopping, {}},
        {Stopping, {}},
        {Stopped, {E::ReportStopped}},
        {Killing, {E::KillRunning}}}},
      {Killing,
       {{Killing, {}}, {Killing, {}}, {Killing, {}}, {Killing, {}}, {Stopped, {E::ReportStopped}}, {Killing, {}}}},
      {Stopped, {{Stopped, {}}, {Stopped, {}}, {Stopped, {}}, {Stopped, {}}, {Stopped, {}}, {Stopped, {}}}},
  };
  for (const auto& [from, cells] : table) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      Drain drain = in_state(from);
      ASSERT_EQ(drain.state(), from);
      EXPECT_EQ(drain.handle(kNow + 1h, events[i]), cells[i].effects) << to_string(from) << ", event " << i;
      EXPECT_EQ(drain.state(), cells[i].to) << to_string(from) << ", event " << i;
      EXPECT_EQ(drain.deadline().has_value(), drain.state() == Stopping);
      EXPECT_EQ(drain.accepts_jobs(), drain.state() == Running);
    }
  }
}

TEST(Drain, KillsAtTheDeadlineAndNotBefore) {
  Drain drain = in_state(State::Stopping);
  EXPECT_EQ(drain.handle(kNow + 30s - 1ns, Drain::TimerFired{}), Effects{});
  EXPECT_EQ(drain.handle(kNow + 30s, Drain::TimerFired{}), (Effects{E::KillRunning}));
}

TEST(Drain, ASecondStopMayHurryButNotDelay) {
  Drain drain = in_state(State::Stopping);
  (void)drain.handle(kNow + 1s, Drain::StopRequested{1h});
  EXPECT_EQ(drain.deadline(), kNow + 30s);
  (void)drain.handle(kNow + 1s, Drain::StopRequested{0s});
  EXPECT_EQ(drain.deadline(), kNow + 1s);
}

}  // namespace
}  // namespace ringmaster::core
