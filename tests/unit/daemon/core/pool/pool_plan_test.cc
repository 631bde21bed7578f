#include "daemon/core/pool/pool_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using S = SeatState;
using Effects = std::vector<PoolEffect>;

constexpr TimePoint kNow{1000s};

std::vector<SeatView> seats(std::initializer_list<SeatState> states) {
  std::vector<SeatView> views;
  for (const auto state : states) views.push_back(SeatView{.state = state, .started = kNow - 10s});
  return views;
}

Effects plan(const PoolGoal& goal, const std::vector<SeatView>& views) { return plan_pool(kNow, goal, views).effects; }

constexpr PoolGoal kTwoAndASpare{.workers = 2, .spares = 1};

TEST(PoolPlan, StartsEverySeatOfAnEmptyPool) {
  EXPECT_EQ(plan(kTwoAndASpare, seats({S::Empty, S::Empty, S::Empty})),
            (Effects{StartWorker{0}, StartWorker{1}, StartWorker{2}}));
}

TEST(PoolPlan, WantsNothingWhenAllIsWell) {
  const auto result = plan_pool(kNow, kTwoAndASpare, seats({S::Active, S::Active, S::Spare}));
  EXPECT_EQ(result.effects, Effects{});
  EXPECT_EQ(result.look_again, std::nullopt);
}

TEST(PoolPlan, PromotesTheSpareInTheMomentOfTheVerdictAndStartsNoneBeforeTheFence) {
  EXPECT_EQ(plan(kTwoAndASpare, seats({S::Condemned, S::Active, S::Spare})), (Effects{PromoteSpare{2}}));
  EXPECT_EQ(plan(kTwoAndASpare, seats({S::Condemned, S::Active, S::Active})), Effects{});
  EXPECT_EQ(plan(kTwoAndASpare, seats({S::Empty, S::Active, S::Active})), (Effects{StartWorker{0}}));
}

TEST(PoolPlan, WaitsForTheBackoffOfASeat) {
  auto views = seats({S::Active, S::Active, S::Empty});
  views[2].not_before = kNow + 5s;
  const auto result = plan_pool(kNow, kTwoAndASpare, views);
  EXPECT_EQ(result.effects, Effects{});
  EXPECT_EQ(result.look_again, kNow + 5s);
  EXPECT_EQ(plan_pool(kNow + 5s, kTwoAndASpare, views).effects, (Effects{StartWorker{2}}));
}

TEST(PoolPlan, KeepsTheBackoffOfASeatThoughOthersAreFree) {
  auto views = seats({S::Empty, S::Empty, S::Empty, S::Empty});
  views[0].not_before = kNow - 1s;
  views[2].not_before = kNow + 5s;
  const PoolGoal one{.workers = 1};
  const auto result = plan_pool(kNow, one, views);
  EXPECT_EQ(result.effects, Effects{});
  EXPECT_EQ(result.look_again, kNow + 5s);
  EXPECT_EQ(plan_pool(kNow + 5s, one, views).effects, (Effects{StartWorker{2}}));
  EXPECT_EQ(plan({.workers = 3}, views), (Effects{StartWorker{0}, StartWorker{1}})) << "the two others that are wanted";
}

TEST(PoolPlan, SaysWhenAllAreHere) {
  EXPECT_TRUE(plan_pool(kNow, kTwoAndASpare, seats({S::Active, S::Active, S::Spare})).all_here);
  EXPECT_TRUE(plan_pool(kNow, {.workers = 1}, seats({S::Active, S::Empty, S::Leaving})).all_here);
  for (const auto other : {S::Starting, S::Leaving, S::Condemned}) {
    EXPECT_FALSE(plan_pool(kNow, kTwoAndASpare, seats({S::Active, S::Active, other})).all_here);
  }
  auto views = seats({S::Active, S::Active, S::Empty});
  views[2].not_before = kNow + 5s;
  EXPECT_FALSE(plan_pool(kNow, kTwoAndASpare, views).all_here);
}

TEST(PoolPlan, StartsNothingInQuarantineAndOneCanaryWhenDue) {
  auto goal = kTwoAndASpare;
  goal.quarantine = Quarantine::Closed;
  EXPECT_EQ(plan(goal, seats({S::Empty, S::Empty, S::Empty})), Effects{});
  goal.quarantine = Quarantine::ProbeDue;
  EXPECT_EQ(plan(goal, seats({S::Active, S::Empty, S::Empty})), (Effects{StartWorker{1}}));
}

TEST(PoolPlan, LetsTheCanaryWorkWhenItIsReady) {
  auto goal = kTwoAndASpare;
  goal.quarantine = Quarantine::Closed;
  EXPECT_EQ(plan(goal, seats({S::Spare, S::Empty, S::Empty})), (Effects{PromoteSpare{0}}));
}

TEST(PoolPlan, RecyclesOneAtATimeTheOldestFirst) {
  auto goal = kTwoAndASpare;
  goal.recycle.max_jobs = 10;
  auto views = seats({S::Active, S::Active, S::Spare});
  views[0].jobs = views[1].jobs = 10;
  views[1].started = kNow - 20s;
  EXPECT_EQ(plan(goal, views), (Effects{RecycleWorker{1, RecycleReason::Jobs}}));
  views[1].state = S::Leaving;
  EXPECT_EQ(plan(goal, views), (Effects{PromoteSpare{2}}));
  views[2].state = S::Active;
  EXPECT_EQ(plan(goal, views), Effects{}) << "one is still leaving";
  views[1] = SeatView{.state = S::Starting};
  EXPECT_EQ(plan(goal, views), Effects{}) << "its successor is not ready";
  views[1].state = S::Spare;
  EXPECT_EQ(plan(goal, views), (Effects{RecycleWorker{0, RecycleReason::Jobs}}));
}

TEST(PoolPlan, RecyclesForMemoryAndAge) {
  PoolGoal goal{.workers = 1};
  auto views = seats({S::Active});
  goal.recycle.max_rss = mib(100);
  views[0].rss = mib(100);
  EXPECT_EQ(plan(goal, views), (Effects{RecycleWorker{0, RecycleReason::Memory}}));
  goal.recycle = {.max_age = 10s};
  EXPECT_EQ(plan(goal, views), (Effects{RecycleWorker{0, RecycleReason::Age}}));
  goal.recycle = {.max_age = 60s};
  EXPECT_EQ(plan_pool(kNow, goal, views).look_again, kNow + 50s);
}

TEST(PoolPlan, RecyclesWhoHasBeenDueForLongThoughOthersCrashAllTheTime) {
  PoolGoal goal{.workers = 4, .spares = 1, .recycle = {.max_rss = mib(100)}};
  auto views = seats({S::Active, S::Active, S::Active, S::Starting, S::Empty});
  views[4].not_before = kNow + 1h;
  views[0].rss = mib(100);
  views[0].due_since = kNow - kRecyclePatience + 1s;
  const PoolPlan early = plan_pool(kNow, goal, views);
  EXPECT_EQ(early.effects, Effects{});
  EXPECT_EQ(early.look_again, kNow + 1s);
  EXPECT_EQ(plan_pool(kNow + 1s, goal, views).effects, (Effects{RecycleWorker{0, RecycleReason::Memory}}));
  views[4].state = S::Leaving;
  EXPECT_EQ(plan_pool(kNow + 1s, goal, views).effects, Effects{}) << "not two at once";
  views[4].state = S::Starting;
  views[1].state = S::Starting;
  EXPECT_EQ(plan_pool(kNow + 1s, goal, views).effects, Effects{}) << "half of them must go on working";
  EXPECT_EQ(plan_pool(kNow + 1s, goal, views).look_again, std::nullopt) << "time alone changes nothing then";
}

TEST(PoolPlan, KeepsTheLastWorkerThatIsDueWhereNoOtherGetsReady) {
  PoolGoal goal{.workers = 1, .spares = 1, .recycle = {.max_rss = mib(100)}};
  auto views = seats({S::Active, S::Starting});
  views[0].rss = mib(100);
  views[0].due_since = kNow - 1h;
  EXPECT_EQ(plan(goal, views), Effects{});
  views[1].state = S::Spare;
  EXPECT_EQ(plan(goal, views), (Effects{RecycleWorker{0, RecycleReason::Memory}}));
}

TEST(PoolPlan, KeepsWorkersThatAreDueWhereTheProgramDoesNotStartAnyMore) {
  PoolGoal goal{.workers = 4, .recycle = {.max_rss = mib(100)}};
  auto views = seats({S::Active, S::Active, S::Active, S::Starting});
  for (auto& view : views) view.rss = mib(100);
  for (auto& view : views) view.due_since = kNow - kRecyclePatience;
  for (auto& view : views) view.started = kNow - 1h;
  EXPECT_EQ(plan(goal, views), Effects{});
  views[2].started = kNow - 5s;
  views[2].rss = {};
  views[2].due_since.reset();
  EXPECT_EQ(plan(goal, views), (Effects{RecycleWorker{0, RecycleReason::Memory}})) << "one has started since";
}

TEST(PoolPlan, StopsSurplusFromTheTop) {
  EXPECT_EQ(plan({.workers = 1, .spares = 0}, seats({S::Active, S::Active, S::Spare})),
            (Effects{StopWorker{2}, StopWorker{1}}));
  auto views = seats({S::Active, S::Active, S::Active});
  views[2].busy = true;
  EXPECT_EQ(plan({.workers = 2, .spares = 0}, views), (Effects{StopWorker{1}})) << "one that has nothing to do";
  views[0].busy = views[1].busy = true;
  EXPECT_EQ(plan({.workers = 2, .spares = 0}, views), (Effects{StopWorker{2}}));
}

TEST(PoolPlan, StopsEveryoneAndStartsNobodyWhenThePoolEnds) {
  PoolGoal goal = kTwoAndASpare;
  goal.stopping = true;
  EXPECT_EQ(plan(goal, seats({S::Empty, S::Starting, S::Spare, S::Active, S::Leaving, S::Condemned})),
            (Effects{StopWorker{1}, StopWorker{2}, StopWorker{3}}));
}

/// From any mix of states, carrying out the plans and letting workers boot and die always ends at the goal.
TEST(PoolPlan, ReachesTheGoalFromEveryStateOfThreeSeats) {
  for (int code = 0; code < 6 * 6 * 6; ++code) {
    auto views = seats({static_cast<S>(code % 6), static_cast<S>(code / 6 % 6), static_cast<S>(code / 36)});
    for (int round = 0; round < 10; ++round) {
      for (const auto& effect : plan(kTwoAndASpare, views)) {
        std::visit(
            [&](const auto& e) {
              using T = std::decay_t<decltype(e)>;
              if constexpr (std::is_same_v<T, StartWorker>) {
                EXPECT_EQ(views[e.seat].state, S::Empty);
                views[e.seat].state = S::Starting;
              } else if constexpr (std::is_same_v<T, PromoteSpare>) {
                EXPECT_EQ(views[e.seat].state, S::Spare);
                views[e.seat].state = S::Active;
              } else {
                views[e.seat].state = S::Leaving;
              }
            },
            effect);
      }
      for (auto& view : views) {
        if (view.state == S::Leaving || view.state == S::Condemned) {
          view.state = S::Empty;
        } else if (view.state == S::Starting) {
          view.state = S::Spare;
        }
      }
    }
    const auto count = [&](S state) {
      return std::count_if(views.begin(), views.end(), [&](const SeatView& v) { return v.state == state; });
    };
    EXPECT_EQ(count(S::Active), 2) << code;
    EXPECT_EQ(count(S::Spare), 1) << code;
  }
}

}  // namespace
}  // namespace ringmaster::core
