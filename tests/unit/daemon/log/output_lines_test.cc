#include "daemon/log/output_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Line = OutputLines::Line;

constexpr core::TimePoint kNow{100s};

TEST(OutputLines, CutsBytesIntoLinesHoweverTheyArrive) {
  OutputLines lines{{}};
  EXPECT_THAT(lines.feed(kNow, "one\ntw"), ElementsAre(Line{"one", false, 0}));
  EXPECT_THAT(lines.feed(kNow, "o"), IsEmpty());
  EXPECT_THAT(lines.feed(kNow, "\r\n\nthree"), ElementsAre(Line{"two", false, 0}, Line{"", false, 0}));
  EXPECT_THAT(lines.finish(kNow), ElementsAre(Line{"three", false, 0}));
  EXPECT_THAT(lines.finish(kNow), IsEmpty());
}

TEST(OutputLines, CutsALineThatIsTooLong) {
  OutputLines lines{{.max_line = 4}};
  EXPECT_THAT(lines.feed(kNow, "abcd\nabcdef\n"),
              ElementsAre(Line{"abcd", false, 0}, Line{"abcd", true, 0}, Line{"ef", false, 0}));
}

TEST(OutputLines, HoldsNoMoreThanOneLineOfAStreamWithoutLineEnds) {
  OutputLines lines{{.max_line = 4, .lines_per_second = 1, .burst = 2}};
  EXPECT_EQ(lines.feed(kNow, std::string(1'000'000, 'x')).size(), 2U);
}

TEST(OutputLines, DropsWhatIsTooFastAndSaysHowMuch) {
  OutputLines lines{{.max_line = 100, .lines_per_second = 2, .burst = 2}};
  EXPECT_EQ(lines.feed(kNow, "1\n2\n3\n4\n").size(), 2U);
  EXPECT_THAT(lines.feed(kNow + 500ms, "5\n"), ElementsAre(Line{"5", false, 2}));
  EXPECT_THAT(lines.feed(kNow + 500ms, "6\n"), IsEmpty());
  EXPECT_THAT(lines.finish(kNow + 500ms), ElementsAre(Line{"", false, 1}));
}

TEST(TokenBucket, FillsUpToItsBurstAndIgnoresTimeThatRunsBackwards) {
  TokenBucket bucket{1, 2};
  EXPECT_TRUE(bucket.take(kNow));
  EXPECT_TRUE(bucket.take(kNow));
  EXPECT_FALSE(bucket.take(kNow));
  EXPECT_FALSE(bucket.take(kNow - 1h));
  EXPECT_TRUE(bucket.take(kNow + 1h));
  EXPECT_TRUE(bucket.take(kNow + 1h));
  EXPECT_FALSE(bucket.take(kNow + 1h));
}

}  // namespace
}  // namespace ringmaster::daemon
