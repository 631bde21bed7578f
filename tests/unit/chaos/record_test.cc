#include "tests/chaos/record.h"

#include <gtest/gtest.h>

#include "tests/chaos/history.h"

namespace ringmaster::chaos {
namespace {

TEST(ChaosRecord, IsReadAsItWasWritten) {
  const Record record{123456789, Kind::Outcome, 0xABC0001, {1, -2, 0, 4}, "a text | with a bar"};
  EXPECT_EQ(parse_line(to_line(record)), record);
  const Record bare{1, Kind::Accepted, 5, {}, {}};
  EXPECT_EQ(parse_line(to_line(bare)), bare);
}

TEST(ChaosRecord, EveryKindHasItsName) {
  for (unsigned kind = 0; kind <= static_cast<unsigned>(kLastKind); ++kind) {
    const Record record{1, static_cast<Kind>(kind), 2, {3}, "x"};
    EXPECT_EQ(parse_line(to_line(record)), record) << kind;
  }
}

TEST(ChaosRecord, LineEndsInItsTextBreakNoLine) {
  const std::string line = to_line({1, Kind::Fault, 0, {}, "two\nlines"});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(ChaosRecord, HalfALineIsNone) {
  const std::string line = to_line({123, Kind::Outcome, 7, {1, 2, 3}, "text"});
  for (std::size_t size = 0; size < line.size(); ++size) EXPECT_FALSE(parse_line(line.substr(0, size))) << size;
  EXPECT_FALSE(parse_line("12 nonsense 3 |\n"));
  EXPECT_FALSE(parse_line("12 outcome zz |\n"));
}

TEST(ChaosHistory, TheLastLineOfAKilledWriterIsCountedAndPassedOver) {
  History history;
  const std::string whole = to_line({5, Kind::Accepted, 9, {}, {}});
  history.add_text(whole + whole.substr(0, 4));
  EXPECT_EQ(history.jobs.at(9).accepted_ns, 5U);
  EXPECT_EQ(history.broken_lines, 1U);
}

}  // namespace
}  // namespace ringmaster::chaos
