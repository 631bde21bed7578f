#include "shm/message_log.h"

#include <gtest/gtest.h>

#include <string_view>

#include "tests/unit/shm/message_log_fixture.h"

namespace ringmaster::shm {
namespace {

/// A log with its two sides.
struct Log : WrittenLog {
  explicit Log(std::uint32_t room) : WrittenLog(room), writer(bytes()) {}
  /// The record that lies `at` bytes behind the head.
  void write_record(std::size_t at, const MessageRecord& record) {
    std::memcpy(bytes().data() + sizeof(MessageLogHead) + at, &record, sizeof record);
  }
  bool say(std::string_view text, unsigned attempt = 1, MessageKind kind = MessageKind::Data) {
    return writer.append(kind, attempt, std::as_bytes(std::span(text)));
  }

  MessageWriter writer;
};

TEST(MessageLog, TellsMessagesInOrderWithTheirKindAndRun) {
  Log log(256);
  EXPECT_FALSE(log.reader.ready());
  EXPECT_TRUE(log.say("one"));
  EXPECT_TRUE(log.say("", 1, MessageKind::Output));
  EXPECT_TRUE(log.reader.ready());
  EXPECT_EQ(log.read(), "one||");
  EXPECT_FALSE(log.reader.ready());
  EXPECT_TRUE(log.say("oops", 2, MessageKind::Error));
  const auto last = log.reader.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->bytes, "oops");
  EXPECT_EQ(last->kind, MessageKind::Error);
  EXPECT_EQ(last->attempt, 2U);
  EXPECT_EQ(log.reader.dropped(), 0U);
}

TEST(MessageLog, DropsAndCountsWhatDoesNotFitAndKeepsTheRest) {
  Log log(64);
  EXPECT_TRUE(log.say(std::string(24, 'a')));   // 32 of 64
  EXPECT_FALSE(log.say(std::string(25, 'b')));  // 40
  EXPECT_TRUE(log.say(std::string(24, 'c'))) << "a smaller one that fits";
  EXPECT_FALSE(log.say("")) << "not even a record without bytes";
  EXPECT_EQ(log.read(), std::string(24, 'a') + "|" + std::string(24, 'c') + "|");
  EXPECT_EQ(log.reader.dropped(), 2U);
  Log none(1);
  EXPECT_FALSE(none.say(std::string(1 << 20, 'x')));
  EXPECT_EQ(none.reader.dropped(), 1U);
}

TEST(MessageLog, IsNothingWithoutRoom) {
  MessageWriter writer;
  EXPECT_FALSE(writer.append(MessageKind::Data, 1, {}));
  MessageReader reader;
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.dropped(), 0U);
  EXPECT_EQ(message_log_bytes(0), 0U);
  EXPECT_EQ(reply_bytes(100, 0), 100U) << "a job without messages takes no more than before";
  EXPECT_EQ(reply_bytes(100, 1), 128U + 64U + 64U);
}

TEST(MessageLog, ALaterRunGoesOnBehindTheLastWholeMessage) {
  Log log(256);
  ASSERT_TRUE(log.say("whole"));
  // The first owner dies before it has published the next record: whatever part of that it had written.
  log.write_record(16, {100, 1, 1});
  MessageWriter next(log.bytes());
  ASSERT_TRUE(next.append(MessageKind::Data, 2, std::as_bytes(std::span(std::string_view("second run")))));
  EXPECT_EQ(log.read(), "whole|second run|");
}

TEST(MessageLog, ReadsNoFurtherWhereAWorkerLies) {
  const auto broken = [](const auto& lie) {
    Log log(64);
    EXPECT_TRUE(log.say("fine"));
    lie(log);
    EXPECT_EQ(log.read(), "fine|");
    EXPECT_FALSE(log.reader.ready());
    EXPECT_EQ(log.reader.dropped(), 1U) << "its reader cannot tell how many";
    log.head().written = 16;
    EXPECT_EQ(log.read(), "") << "for good";
  };
  broken([](Log& log) {
    log.write_record(16, {9, 0, 1});
    log.head().written = 32;  // one byte too few for the record
  });
  broken([](Log& log) {
    log.write_record(16, {UINT32_MAX, 0, 1});
    log.head().written = 64;
  });
  broken([](Log& log) {
    log.write_record(16, {0, 3, 1});
    log.head().written = 24;  // a kind that there is not
  });
  broken([](Log& log) { log.head().written = 20; });  // less than a record
  Log beyond(64);
  beyond.head().written = 65;
  EXPECT_EQ(beyond.read(), "");
  Log back(64);
  EXPECT_TRUE(back.say("one"));
  EXPECT_EQ(back.read(), "one|");
  back.head().written = 0;
  EXPECT_EQ(back.read(), "") << "what was read is not read again";
}

TEST(MessageLog, AClientThatScribblesInTheHeadGetsNothing) {
  for (const std::uint64_t place : {std::uint64_t{4}, std::uint64_t{72}, UINT64_MAX, UINT64_MAX - 7}) {
    Log log(64);
    log.head().written = place;
    EXPECT_FALSE(log.say("text"));
    EXPECT_EQ(log.head().written, place);
  }
}

}  // namespace
}  // namespace ringmaster::shm
