#include "daemon/core/pool/availability.h"

#include <gtest/gtest.h>

#include <optional>

namespace ringmaster::core {
namespace {

using Event = Availability::Event;
using State = Availability::State;

constexpr std::size_t kSeats = 2;

Availability in(State state) {
  Availability pool(kSeats);
  if (state == State::Serving || state == State::Failing) pool.handle(Event::BecameReady);
  if (state == State::NeverReady || state == State::Failing) pool.handle(Event::Quarantined);
  EXPECT_EQ(pool.state(), state);
  return pool;
}

struct Row {
  Event event;
  std::optional<State> from_starting, from_never_ready, from_serving, from_failing;
  bool tells;
};

TEST(Availability, FollowsItsTable) {
  const Row rows[] = {
      {Event::BecameReady, State::Serving, State::Serving, {}, State::Serving, false},
      {Event::BootFailed, {}, {}, {}, {}, false},
      {Event::StartTimedOut, State::NeverReady, {}, {}, {}, true},
      {Event::Quarantined, State::NeverReady, {}, State::Failing, {}, true},
      {Event::QuarantineLeft, {}, State::Starting, {}, State::Serving, false},
  };
  for (const Row& row : rows) {
    const std::pair<State, std::optional<State>> cells[] = {{State::Starting, row.from_starting},
                                                            {State::NeverReady, row.from_never_ready},
                                                            {State::Serving, row.from_serving},
                                                            {State::Failing, row.from_failing}};
    for (const auto& [from, to] : cells) {
      Availability pool = in(from);
      EXPECT_EQ(pool.handle(row.event), row.tells);
      EXPECT_EQ(pool.state(), to.value_or(from))
          << "event " << static_cast<int>(row.event) << " in state " << static_cast<int>(from);
    }
  }
}

TEST(Availability, OneBootFailureMoreThanSeatsAndThePoolHasFailed) {
  Availability pool(kSeats);
  EXPECT_FALSE(pool.handle(Event::BootFailed));
  EXPECT_FALSE(pool.handle(Event::BootFailed));
  EXPECT_FALSE(pool.judged());
  EXPECT_TRUE(pool.handle(Event::BootFailed));
  EXPECT_TRUE(pool.judged());
  EXPECT_TRUE(pool.failing());
}

TEST(Availability, BootFailuresOfAPoolThatWasReadySayNothing) {
  Availability pool(kSeats);
  pool.handle(Event::BootFailed);
  pool.handle(Event::BootFailed);
  pool.handle(Event::BecameReady);
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(pool.handle(Event::BootFailed));
  EXPECT_FALSE(pool.failing());
}

}  // namespace
}  // namespace ringmaster::core
