#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/integration/crash_points/arena.h"
#include "tests/integration/crash_points/stepper.h"

// Somebody who counts a completion is stopped after every instruction; there a client's thread asks to be woken. When
// the first has gone on to its end, the question stands in the word, or the count is another one: none gets lost.

namespace ringmaster::testing {
namespace {

constexpr std::uint32_t kSlot = 9;

class WaitPoints : public ::testing::TestWithParam<bool> {
 protected:
  // `count` runs in a child; `asked`: whether somebody waits already when it begins.
  void expect_no_question_lost(const std::function<void()>& count) {
    Arena arena;
    arena_ = &arena;
    const shm::ClientPort client(arena.request, arena.reply, arena.board);
    arena.reply.done().event->fetch_or(shm::kWaitingBit);
    count();  // the dynamic linker has found its functions, so the child steps through none of that
    if (GetParam()) arena.reply.done().event->fetch_or(shm::kWaitingBit);
    const auto start = arena.snapshot();
    bool more = true;
    std::size_t stops = 0;
    for (; more && !HasFailure(); ++stops) {
      SCOPED_TRACE("the client asked after instruction " + std::to_string(stops));
      arena.restore(start);
      Stepper counter(arena.sessions_memory(), count);
      while (more && counter.steps() < stops) more = counter.step();
      const std::uint32_t seen = client.observe();
      ASSERT_TRUE(client.ask_to_wake(seen));
      while (more && counter.step()) {
      }
      const std::uint32_t now = client.observe();
      EXPECT_TRUE(((now ^ seen) & ~shm::kWaitingBit) != 0 || (now & shm::kWaitingBit) != 0)
          << "asked at " << seen << ", now " << now;
    }
    EXPECT_GT(stops, 8U);
    EXPECT_EQ(client.observe() >> 1, 2U) << "it counts, once";
  }

  const Arena* arena_ = nullptr;
};

TEST_P(WaitPoints, NoQuestionGetsLostBesideAWorkerThatAnnouncesAnEnd) {
  expect_no_question_lost([this] { shm::announce_done(arena_->reply, kSlot); });
}

TEST_P(WaitPoints, NoQuestionGetsLostBesideWhoeverWakesAll) {
  expect_no_question_lost([this] { shm::wake_client(arena_->reply); });
}

INSTANTIATE_TEST_SUITE_P(All, WaitPoints, ::testing::Bool(),
                         [](const auto& asked) { return asked.param ? "SomebodyWaits" : "NobodyWaits"; });

}  // namespace
}  // namespace ringmaster::testing
