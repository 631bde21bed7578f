#include "daemon/core/pool/restart_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::VariantWith;
using State = RestartPolicy::State;

constexpr TimePoint kStart{1000s};
constexpr DeathCause kCrash{DeathKind::Signal, 11, true};

RestartConfig small_budget() {
  RestartConfig config;
  config.budget = 3;
  return config;
}

RestartPolicy make(const RestartConfig& config = {}, double random = 0.999999) {
  return RestartPolicy{config, 4, [random] { return random; }};
}

RestartPolicy::Died unproductive(SeatNumber seat) { return {seat, {DeathKind::BootFailure, 1, false}, false, 0}; }
RestartPolicy::Died productive(SeatNumber seat) { return {seat, kCrash, true, 1, Uid{1000}}; }
RestartPolicy::Died in_job_of(Uid uid) { return {0, kCrash, true, 0, uid}; }

Duration delay(RestartPolicy& policy, TimePoint now, const RestartPolicy::Died& died) {
  const auto effects = policy.handle(now, died);
  return std::get<RestartPolicy::RestartAt>(effects.at(0)).at - now;
}

/// A policy in each of its states, at kStart + 10 s.
RestartPolicy in_state(State state) {
  auto policy = make(small_budget());
  if (state == State::Trusted) return policy;
  for (int i = 0; i < 4; ++i) (void)policy.handle(kStart, unproductive(0));
  if (state == State::Quarantined) return policy;
  (void)policy.handle(kStart + 1s, RestartPolicy::TimerFired{});
  if (state == State::ProbeDue) return policy;
  (void)policy.handle(kStart + 1s, RestartPolicy::Started{2});
  return policy;
}

TEST(RestartPolicy, RestartsAtOnceAfterAFinishedJobHoweverOften) {
  auto policy = make();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(delay(policy, kStart, productive(0)), 0s);
  EXPECT_FALSE(policy.quarantined());
}

TEST(RestartPolicy, BacksOffExponentiallyUpToTheCapFromTheSecondUnproductiveDeathOn) {
  auto policy = make();
  EXPECT_EQ(delay(policy, kStart, unproductive(0)), 0s);
  for (const Duration full : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10000ms, 10000ms}) {
    const Duration got = delay(policy, kStart, unproductive(0));
    EXPECT_LE(got, full);
    EXPECT_GT(got, full - 1ms);
  }
}

TEST(RestartPolicy, TakesHalfOfTheDelayFromTheRandomSource) {
  auto policy = make({}, 0.0);
  (void)policy.handle(kStart, unproductive(0));
  EXPECT_EQ(delay(policy, kStart, unproductive(0)), 50ms);
}

TEST(RestartPolicy, KeepsTheStreakOfEachSeatApart) {
  auto policy = make({}, 0.0);
  (void)policy.handle(kStart, unproductive(0));
  EXPECT_EQ(delay(policy, kStart, unproductive(1)), 0s);
  EXPECT_EQ(delay(policy, kStart, unproductive(0)), 50ms);
}

TEST(RestartPolicy, ForgetsTheStreakOnceTheSeatIsProven) {
  auto policy = make({}, 0.0);
  for (int i = 0; i < 5; ++i) (void)policy.handle(kStart, unproductive(0));
  (void)policy.handle(kStart, RestartPolicy::FinishedFirstJob{0});
  EXPECT_EQ(delay(policy, kStart, unproductive(0)), 0s);
}

TEST(RestartPolicy, CountsOnlyDeathsThatSaySomethingAboutThePool) {
  for (const auto kind : {DeathKind::Clean, DeathKind::Recycled, DeathKind::Cancelled, DeathKind::CancelledByForce,
                          DeathKind::Shutdown}) {
    auto policy = make(small_budget());
    for (int i = 0; i < 50; ++i) EXPECT_EQ(delay(policy, kStart, {0, {kind, 0, false}, false, 0}), 0s);
    EXPECT_FALSE(policy.quarantined()) << to_string(kind);
  }
  for (const auto kind : {DeathKind::BootFailure, DeathKind::ExitCode, DeathKind::Signal, DeathKind::OutOfMemory,
                          DeathKind::TimedOut, DeathKind::ProtocolViolation}) {
    auto policy = make(small_budget());
    for (int i = 0; i < 4; ++i) (void)policy.handle(kStart, RestartPolicy::Died{0, {kind, 0, false}, true, 0});
    EXPECT_TRUE(policy.quarantined()) << to_string(kind);
  }
}

TEST(RestartPolicy, DoesNotJudgeThePoolByTheJobsOfOneUidOrTwo) {
  auto policy = make(small_budget());
  for (int i = 0; i < 500; ++i) {
    (void)policy.handle(kStart, in_job_of(1000));
    const Duration pause = delay(policy, kStart, in_job_of(2000));
    EXPECT_LE(pause, 100ms) << "others wait for the next worker";
  }
  EXPECT_FALSE(policy.quarantined());
  EXPECT_EQ(policy.recent_unproductive_deaths(), 0U);
}

TEST(RestartPolicy, TakesCrashingJobsOfThreeUidsInARowForABrokenHandler) {
  auto policy = make(small_budget());
  for (const Uid uid : {1000U, 2000U, 1000U}) (void)policy.handle(kStart, in_job_of(uid));
  for (int i = 0; i < 3; ++i) (void)policy.handle(kStart, in_job_of(3000));
  EXPECT_FALSE(policy.quarantined());
  (void)policy.handle(kStart, in_job_of(1000));
  EXPECT_TRUE(policy.quarantined());
}

TEST(RestartPolicy, AFinishedJobEndsTheRowOfUids) {
  auto policy = make(small_budget());
  for (int i = 0; i < 50; ++i) {
    for (const Uid uid : {1000U, 2000U}) (void)policy.handle(kStart, in_job_of(uid));
    (void)policy.handle(kStart, RestartPolicy::FinishedFirstJob{1});
    for (const Uid uid : {3000U, 4000U}) (void)policy.handle(kStart, in_job_of(uid));
    (void)policy.handle(kStart, RestartPolicy::FinishedFirstJob{1});
  }
  EXPECT_FALSE(policy.quarantined());
}

TEST(RestartPolicy, JudgesThePoolByWorkersThatDieLongAfterTheirLastJob) {
  auto policy = make(small_budget());
  for (int i = 0; i < 4; ++i) (void)policy.handle(kStart, RestartPolicy::Died{0, kCrash, true, 7});
  EXPECT_TRUE(policy.quarantined());
}

TEST(RestartPolicy, TakesAKillFromOutsideForNoFaultOfThePool) {
  auto policy = make(small_budget());
  (void)policy.handle(kStart, RestartPolicy::FinishedFirstJob{1});
  const RestartPolicy::Died killed{0, {DeathKind::BootFailure, 9, true, true}, false, 0};
  EXPECT_EQ(delay(policy, kStart, killed), 0s);
  for (int i = 0; i < 50; ++i) {
    const Duration pause = delay(policy, kStart, killed);
    EXPECT_GT(pause, 99ms);
    EXPECT_LE(pause, 100ms);
  }
  EXPECT_FALSE(policy.quarantined());
  EXPECT_EQ(policy.recent_unproductive_deaths(), 0U);
  EXPECT_EQ(delay(policy, kStart, {0, {DeathKind::Signal, 9, true, true}, true, 1}), 0s) << "it had finished a job";
}

TEST(RestartPolicy, DoesNotExcuseKillsFromOutsideBeforeThePoolIsProven) {
  auto policy = make(small_budget());
  const RestartPolicy::Died killed{0, {DeathKind::BootFailure, 9, true, true}, false, 0};
  for (int i = 0; i < 4; ++i) (void)policy.handle(kStart, killed);
  EXPECT_TRUE(policy.quarantined());
}

TEST(RestartPolicy, QuarantinesOnOneUnproductiveDeathTooMany) {
  auto policy = make(small_budget());
  for (SeatNumber seat = 0; seat < 3; ++seat) (void)policy.handle(kStart, unproductive(seat));
  EXPECT_EQ(policy.state(), State::Trusted);
  const auto effects = policy.handle(kStart, unproductive(3));
  ASSERT_THAT(effects, ElementsAre(VariantWith<RestartPolicy::EnterQuarantine>(testing::_)));
  EXPECT_EQ(std::get<RestartPolicy::EnterQuarantine>(effects[0]).probe_at, kStart + 1s);
  EXPECT_EQ(policy.may_start_at(0), std::nullopt);
  EXPECT_EQ(policy.next_timer(), kStart + 1s);
  EXPECT_THAT(policy.quarantine_reason(), testing::HasSubstr("before it was ready"));
}

TEST(RestartPolicy, ForgetsDeathsThatLeftTheWindow) {
  auto policy = make(small_budget());
  for (int i = 0; i < 50; ++i) (void)policy.handle(kStart + i * 21s, unproductive(0));
  EXPECT_EQ(policy.state(), State::Trusted);
}

TEST(RestartPolicy, DoesNotQuarantineAPoolWhoseNewWorkersFinishJobs) {
  auto policy = make(small_budget());
  for (int i = 0; i < 100; ++i) {
    for (int n = 0; n < 3; ++n) (void)policy.handle(kStart, unproductive(0));
    (void)policy.handle(kStart, RestartPolicy::FinishedFirstJob{1});
  }
  EXPECT_FALSE(policy.quarantined());
}

TEST(RestartPolicy, ProbesForEverAtGrowingIntervals) {
  auto policy = in_state(State::Quarantined);
  TimePoint now = kStart;
  std::vector<Duration> waits;
  for (int i = 0; i < 9; ++i) {
    const TimePoint due = policy.next_timer().value();
    waits.push_back(due - now);
    EXPECT_THAT(policy.handle(due - 1ns, RestartPolicy::TimerFired{}), IsEmpty());
    EXPECT_THAT(policy.handle(due, RestartPolicy::TimerFired{}),
                ElementsAre(VariantWith<RestartPolicy::StartCanary>(testing::_)));
    EXPECT_TRUE(policy.may_start_at(2).has_value());
    (void)policy.handle(due, RestartPolicy::Started{2});
    EXPECT_EQ(policy.canary(), SeatNumber{2});
    now = due + 100ms;
    EXPECT_THAT(policy.handle(now, unproductive(2)), ElementsAre(VariantWith<RestartPolicy::ProbeFailed>(testing::_)));
  }
  EXPECT_THAT(waits, ElementsAre(1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s));
}

TEST(RestartPolicy, EndsQuarantineWhenTheCanaryFinishesAJob) {
  auto policy = in_state(State::Probing);
  EXPECT_THAT(policy.handle(kStart + 2s, RestartPolicy::BecameReady{2}), IsEmpty());
  EXPECT_TRUE(policy.quarantined());
  EXPECT_THAT(policy.handle(kStart + 3s, RestartPolicy::FinishedFirstJob{2}),
              ElementsAre(VariantWith<RestartPolicy::LeaveQuarantine>(testing::_)));
  for (SeatNumber seat = 0; seat < 4; ++seat) EXPECT_LE(policy.may_start_at(seat), kStart);
  EXPECT_EQ(policy.next_timer(), std::nullopt);
}

TEST(RestartPolicy, EndsQuarantineWhenTheCanaryStaysReadyWithoutAnyJob) {
  auto policy = in_state(State::Probing);
  (void)policy.handle(kStart + 2s, RestartPolicy::BecameReady{2});
  EXPECT_EQ(policy.next_timer(), kStart + 12s);
  EXPECT_THAT(policy.handle(kStart + 12s, RestartPolicy::TimerFired{}),
              ElementsAre(VariantWith<RestartPolicy::LeaveQuarantine>(testing::_)));
}

TEST(RestartPolicy, EndsQuarantineWhereNoneIsMissingForACanary) {
  auto policy = in_state(State::ProbeDue);
  (void)policy.handle(kStart + 1s, RestartPolicy::BecameReady{3});
  EXPECT_THAT(policy.handle(kStart + 2s, RestartPolicy::AllHere{}), IsEmpty()) << "it may yet die";
  (void)policy.handle(kStart + 3s, RestartPolicy::Died{3, {DeathKind::Clean, 0, false}, true, 0});
  EXPECT_THAT(policy.handle(kStart + 3s, RestartPolicy::AllHere{}),
              ElementsAre(VariantWith<RestartPolicy::LeaveQuarantine>(testing::_)));
  EXPECT_EQ(policy.may_start_at(0), TimePoint::min());
}

TEST(RestartPolicy, WalksEveryStateAndEvent) {
  struct Row {
    State from;
    RestartPolicy::Event event;
    State to;
  };
  const RestartPolicy::Event died = unproductive(2);
  const RestartPolicy::Event clean = RestartPolicy::Died{2, {DeathKind::Clean, 0, false}, true, 0};
  const RestartPolicy::Event started = RestartPolicy::Started{2};
  const RestartPolicy::Event ready = RestartPolicy::BecameReady{2};
  const RestartPolicy::Event job = RestartPolicy::FinishedFirstJob{2};
  const RestartPolicy::Event all = RestartPolicy::AllHere{};
  const RestartPolicy::Event timer = RestartPolicy::TimerFired{};
  const Row rows[] = {
      {State::Trusted, died, State::Trusted},          {State::Trusted, clean, State::Trusted},
      {State::Trusted, started, State::Trusted},       {State::Trusted, ready, State::Trusted},
      {State::Trusted, job, State::Trusted},           {State::Trusted, all, State::Trusted},
      {State::Trusted, timer, State::Trusted},         {State::Quarantined, died, State::Quarantined},
      {State::Quarantined, clean, State::Quarantined}, {State::Quarantined, started, State::Quarantined},
      {State::Quarantined, ready, State::Quarantined}, {State::Quarantined, job, State::Trusted},
      {State::Quarantined, all, State::Quarantined},   {State::Quarantined, timer, State::ProbeDue},
      {State::ProbeDue, died, State::ProbeDue},        {State::ProbeDue, clean, State::ProbeDue},
      {State::ProbeDue, started, State::Probing},      {State::ProbeDue, ready, State::ProbeDue},
      {State::ProbeDue, job, State::Trusted},          {State::ProbeDue, all, State::Trusted},
      {State::ProbeDue, timer, State::ProbeDue},       {State::Probing, died, State::Quarantined},
      {State::Probing, clean, State::ProbeDue},        {State::Probing, started, State::Probing},
      {State::Probing, ready, State::Probing},         {State::Probing, job, State::Trusted},
      {State::Probing, all, State::Probing},           {State::Probing, timer, State::Probing},
  };
  for (const auto& row : rows) {
    auto policy = in_state(row.from);
    ASSERT_EQ(policy.state(), row.from);
    (void)policy.handle(kStart + 10s, row.event);
    EXPECT_EQ(policy.state(), row.to) << "state " << int(row.from) << " event " << row.event.index();
    // No latch: whatever happened, time or a start leads on.
    EXPECT_TRUE(policy.may_start_at(0) || policy.next_timer() || policy.canary());
  }
}

}  // namespace
}  // namespace ringmaster::core
