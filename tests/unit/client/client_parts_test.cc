#include <gtest/gtest.h>

#include "client/control/connect_patience.h"
#include "client/session/clock_offset.h"
#include "client/session/memory_margin.h"
#include "client/types/outcome.h"
#include "client/types/refusal.h"

namespace ringmaster::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Failure = ConnectPatience::Failure;
constexpr ConnectPatience::TimePoint at(Duration since) { return ConnectPatience::TimePoint(since); }

TEST(ConnectPatience, WaitsForASuccessorFromWhenTheGreetingBroke) {
  ConnectPatience patience(at(seconds(0)), false, seconds(30), seconds(5));
  EXPECT_EQ(patience.left(at(seconds(0)), at(seconds(9)), Failure::Broke), seconds(2));
  EXPECT_EQ(patience.left(at(milliseconds(9500)), at(seconds(20)), Failure::Broke), seconds(2)) << "it hung as well";
  EXPECT_EQ(patience.left(at(seconds(21)), at(milliseconds(21500)), Failure::Broke), milliseconds(500));
  EXPECT_EQ(patience.left(at(milliseconds(21600)), at(seconds(22)), Failure::Broke), Duration(0));
}

TEST(ConnectPatience, NeverWaitsForLongerThanItWasTold) {
  ConnectPatience patience(at(seconds(0)), false, seconds(10), seconds(5));
  EXPECT_EQ(patience.left(at(seconds(0)), at(seconds(9)), Failure::Broke), seconds(1));
  EXPECT_EQ(patience.left(at(seconds(9)), at(seconds(10)), Failure::Broke), Duration(0));
}

TEST(ConnectPatience, DoesNotWaitForOneThatHangsUpEachTimeAtOnce) {
  ConnectPatience patience(at(seconds(0)), false, seconds(30), seconds(5));
  EXPECT_EQ(patience.left(at(seconds(0)), at(milliseconds(1)), Failure::Broke), seconds(2));
  EXPECT_EQ(patience.left(at(seconds(2)), at(milliseconds(2001)), Failure::Broke), Duration(0));
}

TEST(ConnectPatience, WaitsForOneThatWasThereAndForOneThatIsBusy) {
  ConnectPatience never(at(seconds(0)), false, seconds(30), seconds(5));
  EXPECT_EQ(never.left(at(seconds(0)), at(seconds(0)), Failure::Absent), Duration(0));
  EXPECT_EQ(never.left(at(seconds(0)), at(seconds(3)), Failure::Busy), seconds(2));
  ConnectPatience was(at(seconds(0)), true, seconds(30), seconds(5));
  EXPECT_EQ(was.left(at(seconds(0)), at(seconds(10)), Failure::Absent), seconds(20));
  EXPECT_EQ(was.left(at(seconds(0)), at(seconds(10)), Failure::Broke), seconds(20));
  EXPECT_EQ(was.left(at(seconds(0)), at(seconds(10)), Failure::Busy), seconds(20));
  EXPECT_EQ(was.left(at(seconds(0)), at(seconds(0)), Failure::Final), Duration(0));
}

TEST(MemoryMargin, LeavesSomeToOthers) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  static_assert(leaves_margin(17 * kMiB, kMiB));
  static_assert(!leaves_margin(17 * kMiB, kMiB + 1));
  static_assert(!leaves_margin(15 * kMiB, 0));
}

TEST(ClockOffset, IsNoneWhereTheQuestionExplainsTheDifference) {
  static_assert(clock_offset(100, 100, 200) == 0);
  static_assert(clock_offset(100, 200, 200) == 0);
  static_assert(clock_offset(100, 0, 200) == 0, "a daemon that does not say");
}

TEST(ClockOffset, LeadsToTheDaemonsClockAndNeverBeyondIt) {
  constexpr std::uint64_t kHour = 3'600'000'000'000;
  // Ours is an hour behind, or ahead; the answer took 30.
  EXPECT_EQ(clock_offset(1000, 1050 + kHour, 1080), static_cast<std::int64_t>(kHour) - 30);
  EXPECT_EQ(clock_offset(1000 + kHour, 1050, 1080 + kHour), -static_cast<std::int64_t>(kHour) - 30);
}

TEST(Outcome, DescribesItselfInOneLine) {
  OutcomeFacts facts;
  facts.status = Status::Refused;
  facts.cause = Cause::TooLarge;
  facts.needed_bytes = 77;
  EXPECT_EQ(Outcome(facts).describe(), "refused: the result needs 77 bytes of room");
  facts.status = Status::TimedOut;
  facts.cause = Cause::RunTimeout;
  EXPECT_EQ(Outcome(facts).describe(), "timed out (run timeout)");
  facts.status = Status::Crashed;
  facts.cause = Cause::CrashedExit;
  facts.detail = 3;
  facts.attempts = 2;
  EXPECT_EQ(Outcome(facts).describe(), "crashed: the worker exited with code 3 (attempt 2)");
}

TEST(Outcome, CarriesAResultThatCameAsAMessage) {
  OutcomeFacts facts;
  facts.status = Status::Done;
  Outcome outcome(facts, "text");
  Outcome moved = std::move(outcome);
  EXPECT_EQ(moved.text(), "text");
}

TEST(Outcome, EveryCauseHasAStatus) {
  EXPECT_EQ(status_of(Cause::Application), Status::Failed);
  EXPECT_EQ(status_of(Cause::Poisoned), Status::Crashed);
  EXPECT_EQ(status_of(Cause::OutOfMemory), Status::Crashed);
  EXPECT_EQ(status_of(Cause::QueueTimeout), Status::TimedOut);
  EXPECT_EQ(status_of(Cause::UnknownHandler), Status::Refused);
  EXPECT_EQ(status_of(Cause::Lost), Status::Lost);
  EXPECT_EQ(status_of(Cause::Refused), Status::Refused);
}

}  // namespace
}  // namespace ringmaster::client
