#include "daemon/pool/worker/tagged_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shm/output_mark.h"

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Line = TaggedOutput::Line;

constexpr core::TimePoint kNow{100s};
constexpr std::uint64_t kToken = 0x1122334455667788;

std::string mark(std::uint64_t job, std::uint64_t token = kToken) {
  const shm::OutputMark bytes = shm::make_output_mark(token, job);
  return {bytes.data(), bytes.size()};
}
Line line(std::string text, std::uint64_t job) { return {{std::move(text), false, 0}, job}; }

TEST(TaggedOutput, AMarkNamesWhoWroteWhatStandsBeforeIt) {
  TaggedOutput output({}, kToken);
  EXPECT_THAT(output.feed(kNow, "one\ntwo\n" + mark(7) + "three\n" + mark(8)),
              ElementsAre(line("one", 7), line("two", 7), line("three", 8)));
}

TEST(TaggedOutput, AnUnfinishedLineEndsWithItsJob) {
  TaggedOutput output({}, kToken);
  EXPECT_THAT(output.feed(kNow, "secret of A" + mark(1) + "line of B\n" + mark(2)),
              ElementsAre(line("secret of A", 1), line("line of B", 2)));
}

TEST(TaggedOutput, WaitsUntilSomebodySaysWhoseItIs) {
  TaggedOutput output({}, kToken);
  EXPECT_THAT(output.feed(kNow, "begun\nand "), IsEmpty());
  EXPECT_EQ(output.waiting(), 10U);
  EXPECT_THAT(output.settle(kNow, 5), ElementsAre(line("begun", 5)));
  EXPECT_THAT(output.feed(kNow, "ended\n" + mark(5)), ElementsAre(line("and ended", 5)));
}

TEST(TaggedOutput, CutsWhereTheJobChangesWithoutAMark) {
  TaggedOutput output({}, kToken);
  (void)output.feed(kNow, "from a thread between jobs");
  EXPECT_THAT(output.settle(kNow, 0), IsEmpty());
  EXPECT_THAT(output.feed(kNow, "of the job\n" + mark(3)),
              ElementsAre(line("from a thread between jobs", 0), line("of the job", 3)));
}

TEST(TaggedOutput, AMarkBehindNothingEndsTheLineThatWasSettledBefore) {
  TaggedOutput output({}, kToken);
  (void)output.feed(kNow, "secret of A");
  (void)output.settle(kNow, 1);
  EXPECT_THAT(output.feed(kNow, mark(1)), ElementsAre(line("secret of A", 1)));
}

TEST(TaggedOutput, MarksComeInPieces) {
  const std::string bytes = "text of A" + mark(1) + "text of B\n" + mark(2);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    TaggedOutput output({}, kToken);
    auto lines = output.feed(kNow, bytes.substr(0, cut));
    for (auto& more : output.feed(kNow, bytes.substr(cut))) lines.push_back(more);
    EXPECT_THAT(lines, ElementsAre(line("text of A", 1), line("text of B", 2))) << cut;
  }
  // Also when the reader is asked in between: what may become a mark is not given to anybody.
  for (std::size_t cut = 9; cut < 9 + shm::kOutputMarkBytes; ++cut) {
    TaggedOutput output({}, kToken);
    auto lines = output.feed(kNow, bytes.substr(0, cut));
    for (auto& more : output.settle(kNow, 1)) lines.push_back(more);
    for (auto& more : output.feed(kNow, bytes.substr(cut))) lines.push_back(more);
    EXPECT_THAT(lines, ElementsAre(line("text of A", 1), line("text of B", 2))) << cut;
  }
}

TEST(TaggedOutput, TextThatLooksLikeAMarkIsText) {
  TaggedOutput output({}, kToken);
  const std::string forged = mark(9, kToken + 1);
  EXPECT_THAT(output.feed(kNow, forged + "\n" + mark(4)), ElementsAre(line(forged, 4)));
  const std::string half = mark(9).substr(0, 6);
  (void)output.feed(kNow, half);
  EXPECT_THAT(output.finish(kNow, 4), IsEmpty()) << "the beginning of a mark that never came";
}

TEST(TaggedOutput, WithoutATokenThereAreNoMarks) {
  TaggedOutput output({}, 0);
  EXPECT_THAT(output.feed(kNow, "plain\n"), IsEmpty());
  EXPECT_THAT(output.settle(kNow, 2), ElementsAre(line("plain", 2)));
  (void)output.feed(kNow, "rest");
  EXPECT_THAT(output.finish(kNow, 3), ElementsAre(line("rest", 3)));
}

}  // namespace
}  // namespace ringmaster::daemon
