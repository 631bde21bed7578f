#include "shm/port/output_taking.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "tests/unit/shm/message_log_fixture.h"

namespace ringmaster::shm {
namespace {

/// A pipe, and a log for records of `room` bytes.
struct Desk : WrittenLog {
  explicit Desk(std::uint32_t room) : WrittenLog(room) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  void print(std::string_view text) const {
    EXPECT_EQ(::write(in.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::uint64_t take(std::uint64_t most = UINT64_MAX, MessageKind kind = MessageKind::Output) {
    return take_output(out.get(), kind, 1, most, bytes());
  }

  UniqueFd out;
  UniqueFd in;
};

TEST(OutputTaking, MovesWhatIsThereAsOneRecord) {
  Desk desk(256);
  EXPECT_EQ(desk.take(), 0U);
  EXPECT_EQ(desk.read(), "");
  desk.print("one\n");
  desk.print("two");
  EXPECT_EQ(waiting_output(desk.out.get()), 7U);
  EXPECT_EQ(desk.take(), 7U);
  EXPECT_EQ(desk.read(), "one\ntwo|");
  EXPECT_EQ(waiting_output(desk.out.get()), 0U);
  EXPECT_EQ(desk.head().taking.load(), 0U);
  desk.print("abcdef");
  EXPECT_EQ(desk.take(2), 2U) << "no more than it may";
  EXPECT_EQ(desk.take(100, MessageKind::Error), 4U);
  EXPECT_EQ(desk.reader.next()->bytes, "ab");
  const auto rest = desk.reader.next();
  EXPECT_EQ(rest->bytes, "cdef");
  EXPECT_EQ(rest->kind, MessageKind::Error);
}

TEST(OutputTaking, FillsTheRoomThenDropsAndCounts) {
  Desk desk(64);
  desk.print(std::string(100, 'x'));
  EXPECT_EQ(desk.take(), 56U);
  EXPECT_EQ(desk.take(), 44U) << "read, so that its writer does not wait for ever";
  EXPECT_EQ(desk.take(), 0U);
  EXPECT_EQ(desk.read(), std::string(56, 'x') + "|");
  EXPECT_EQ(desk.reader.dropped(), 1U);
}

TEST(OutputTaking, FillsAlsoALastPlaceOfEightBytes) {
  Desk desk(64);
  desk.print(std::string(48, 'x'));
  EXPECT_EQ(desk.take(), 48U);
  desk.print("y");
  EXPECT_EQ(desk.take(), 1U) << "its record has no room, so it is dropped";
  EXPECT_EQ(desk.read(), std::string(48, 'x') + "|");
  EXPECT_EQ(desk.reader.dropped(), 1U);
}

TEST(OutputTaking, AHeadThatItsClientHasSpoiltGetsNothing) {
  for (const std::uint64_t written : {std::uint64_t{3}, std::uint64_t{64}, std::uint64_t{72}, ~std::uint64_t{0} - 7}) {
    Desk desk(64);
    desk.head().written = written;
    desk.print("text");
    EXPECT_EQ(desk.take(), 4U);
    EXPECT_EQ(desk.head().written.load(), written);
    desk.head().taking = written + 1;
    finish_taking(desk.bytes());
    EXPECT_EQ(desk.head().written.load(), written);
  }
}

/// What the log looks like when its owner dies between the steps of take_output, for texts of all lengths that matter.
class OutputTakingCutShort : public testing::TestWithParam<std::size_t> {
 protected:
  OutputTakingCutShort() : desk_(256), text_(GetParam(), 't') {
    desk_.print("before");
    desk_.take();
    EXPECT_EQ(desk_.read(), "before|");
    at_ = desk_.head().written;
    desk_.print(text_);
  }
  /// Takes the text, then puts the head back to where it was before the last two steps.
  void take_unpublished() {
    EXPECT_EQ(desk_.take(), text_.size());
    desk_.head().written = at_;
    desk_.head().taking = at_ + 1;
  }
  /// As it is just before the pipe is read: the record's head and its mark are written.
  void begin_only() {
    const std::size_t most = text_.size();
    MessageRecord record{static_cast<std::uint32_t>(most), 1, 1};
    std::byte* const place = desk_.bytes().data() + sizeof(MessageLogHead) + at_;
    std::memcpy(place, &record, sizeof record);
    constexpr unsigned char kMark[8]{0xFF, 0x00, 'r', 'm', 0xFE, 0x01, 0xFD, 0xFF};
    const std::size_t size = std::min<std::size_t>(most, sizeof kMark);
    std::memcpy(place + sizeof record + most - size, kMark, size);
    desk_.head().taking = at_ + 1;
  }
  Desk desk_;
  std::string text_;
  std::uint64_t at_ = 0;
};

TEST_P(OutputTakingCutShort, AfterItWasReadTheTextIsKept) {
  take_unpublished();
  finish_taking(desk_.bytes());
  EXPECT_EQ(desk_.head().taking.load(), 0U);
  EXPECT_EQ(desk_.read(), text_ + "|");
  EXPECT_EQ(desk_.take(), 0U);
}

TEST_P(OutputTakingCutShort, BeforeItWasReadTheTextIsInThePipe) {
  begin_only();
  finish_taking(desk_.bytes());
  EXPECT_EQ(desk_.head().taking.load(), 0U);
  EXPECT_EQ(desk_.read(), "");
  EXPECT_EQ(desk_.take(), text_.size());
  EXPECT_EQ(desk_.read(), text_ + "|");
}

TEST_P(OutputTakingCutShort, AfterItWasPublishedNothingComesTwice) {
  EXPECT_EQ(desk_.take(), text_.size());
  desk_.head().taking = at_ + 1;
  finish_taking(desk_.bytes());
  EXPECT_EQ(desk_.read(), text_ + "|");
  EXPECT_EQ(desk_.head().taking.load(), 0U);
}

TEST_P(OutputTakingCutShort, ASecondRepairChangesNothing) {
  take_unpublished();
  finish_taking(desk_.bytes());
  finish_taking(desk_.bytes());
  EXPECT_EQ(desk_.read(), text_ + "|");
}

INSTANTIATE_TEST_SUITE_P(Lengths, OutputTakingCutShort, testing::Values(1, 2, 7, 8, 9, 64, 100));

}  // namespace
}  // namespace ringmaster::shm
