#include "client/control/message/replies.h"

#include <gtest/gtest.h>

#include "tests/testing/same_reply.h"

namespace ringmaster::client {
namespace {

namespace v1 = control::v1;
using testing::every_answer;
using testing::same;
using testing::with_answer;

// What a newer daemon may add: a number, a fixed one of each size, a nested message.
std::string with_unknown_fields(const std::string& message) {
  return "\xE8\x07\x2A"                 // field 125, a number
         "\xF1\x07\1\2\3\4\5\6\7\10" +  // field 126, 64 bits
         message +
         "\xFD\x07\1\2\3\4\x82\x08\3abc";  // field 127, 32 bits; field 128, three bytes
}

std::string varint(std::size_t left) {
  std::string bytes;
  do bytes.push_back(static_cast<char>((left & 0x7F) | (left > 0x7F ? 0x80 : 0)));
  while ((left >>= 7) != 0);
  return bytes;
}

// The bytes of a Reply with this answer.
std::string as_reply(ReplyKind kind, const std::string& body) {
  return varint(static_cast<std::size_t>(kind) << 3 | 2) + varint(body.size()) + body;
}

void expect_read(const Result<Reply>& ours, const v1::Reply& theirs) {
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_EQ(ours->id(), theirs.id());
  EXPECT_EQ(static_cast<int>(ours->kind()), static_cast<int>(theirs.body_case()));
  with_answer(*ours, theirs, [](const auto& read, const auto& generated) {
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(same(*read, generated)) << generated.GetTypeName();
  });
}

TEST(ClientReplies, SayWhatProtobufWrote) {
  for (const v1::Reply& reply : every_answer()) expect_read(Reply::read(reply.SerializeAsString()), reply);
}

TEST(ClientReplies, SayNothingWhereNothingIsSet) {
  std::vector<v1::Reply> bare(9);
  bare[0].mutable_error();
  bare[1].mutable_hello();
  bare[2].mutable_session_fds();
  bare[3].mutable_outcome();
  bare[4].mutable_cancelled();
  bare[5].mutable_handlers();
  bare[6].mutable_stack();
  bare[7].mutable_pool_created();
  bare[8].mutable_parcel();
  for (const v1::Reply& reply : bare) expect_read(Reply::read(reply.SerializeAsString()), reply);
}

TEST(ClientReplies, AreToldApartEvenWhereTheLibraryReadsNoMore) {
  std::vector<v1::Reply> plain(7);
  plain[0].mutable_session_ready();
  plain[1].mutable_closed();
  plain[2].mutable_accepted();
  plain[3].mutable_status();
  plain[4].mutable_done();
  plain[5].mutable_health();
  plain[6].mutable_spilled_result();
  for (const v1::Reply& reply : plain) expect_read(Reply::read(reply.SerializeAsString()), reply);
}

TEST(ClientReplies, SkipWhatANewerDaemonAdds) {
  for (const v1::Reply& reply : every_answer()) {
    const Reply inner = Reply::read(reply.SerializeAsString()).value();
    // Around the answer, and within it.
    expect_read(Reply::read(with_unknown_fields(reply.SerializeAsString())), reply);
    const std::string bytes = as_reply(inner.kind(), with_unknown_fields(std::string(inner.body())));
    v1::Reply theirs;
    ASSERT_TRUE(theirs.ParseFromString(bytes));
    expect_read(Reply::read(bytes), theirs);
  }
}

TEST(ClientReplies, SkipAKnownFieldThatIsWrittenInAnotherWay) {
  const auto error =
      ErrorReply::read(std::string_view("\x0A\x01x"
                                        "\x10\x05"
                                        "\x18\x07",
                                        7));  // code a text, message a number
  ASSERT_TRUE(error) << error.error().message;
  EXPECT_EQ(error->code, ErrorCode::Unspecified);
  EXPECT_EQ(error->message, "");
  EXPECT_EQ(error->needed, 7U);
}

TEST(ClientReplies, ThatAreCutShortAreErrors) {
  for (const v1::Reply& reply : every_answer()) {
    const std::string bytes = reply.SerializeAsString();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      v1::Reply theirs;
      const bool readable = theirs.ParseFromString(bytes.substr(0, size));
      const auto ours = Reply::read(bytes.substr(0, size));
      EXPECT_EQ(ours.has_value(), readable) << size;
      const std::string why = ours ? "cut short" : ours.error().message;
      EXPECT_NE(why.find("cut short"), std::string::npos) << why;
    }
    const Reply whole = Reply::read(bytes).value();
    for (std::size_t size = 0; size < whole.body().size(); ++size) {
      const std::string cut = as_reply(whole.kind(), std::string(whole.body().substr(0, size)));
      v1::Reply theirs;
      const bool readable = theirs.ParseFromString(cut);
      with_answer(Reply::read(cut).value(), theirs, [&](const auto& read, const auto& generated) {
        EXPECT_EQ(read.has_value(), readable) << generated.GetTypeName() << size;
      });
    }
  }
}

TEST(ClientReplies, ThatClaimMoreThanThereIsAreErrors) {
  const auto reply = Reply::read(std::string("\x3A\xFF\xFF\xFF\xFF\x0F", 6));  // an outcome of 4 GiB
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("cut short"), std::string::npos) << reply.error().message;
  const auto outcome = OutcomeReply::read(std::string_view("\x3A\x7Fx", 3));
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("an outcome that is cut short"), std::string::npos) << outcome.error().message;
}

TEST(ClientReplies, ThatAreGarbageAreErrors) {
  const std::string endless(12, '\xFF');
  for (const std::string& garbage : {endless, std::string("\x03"), std::string("\x00\x01", 2), "\x08" + endless}) {
    const auto reply = Reply::read(garbage);
    ASSERT_FALSE(reply);
    EXPECT_NE(reply.error().message.find("is it a ringmasterd?"), std::string::npos) << reply.error().message;
    EXPECT_FALSE(ErrorReply::read(garbage));
    EXPECT_FALSE(HelloReply::read(garbage));
    EXPECT_FALSE(SessionReply::read(garbage));
    EXPECT_FALSE(OutcomeReply::read(garbage));
    EXPECT_FALSE(CancelledReply::read(garbage));
    EXPECT_FALSE(HandlersReply::read(garbage));
    EXPECT_FALSE(PoolCreatedReply::read(garbage));
    EXPECT_FALSE(StackReply::read(garbage));
  }
}

TEST(ClientReplies, AreOneAnswerEach) {
  const auto all = every_answer();
  const auto reply = Reply::read(all[0].SerializeAsString() + all[1].SerializeAsString());
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("two answers"), std::string::npos) << reply.error().message;
}

TEST(ClientReplies, NameThePoolWhoseHandlersCannotBeRead) {
  v1::Handlers handlers;
  handlers.add_pools()->set_pool("images");
  handlers.mutable_pools(0)->set_known(true);
  handlers.mutable_pools(0)->set_table("?");
  const auto read = HandlersReply::read(handlers.SerializeAsString());
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("\"images\""), std::string::npos) << read.error().message;
}

TEST(ClientReplies, TakeTimesThatNoClockReachesForTheLongest) {
  v1::Outcome outcome;
  outcome.set_run_ns(UINT64_MAX);
  EXPECT_EQ(OutcomeReply::read(outcome.SerializeAsString()).value().facts.timings.run, Duration::max());
  v1::SessionFds session;
  session.mutable_pool()->set_run_timeout_ms(UINT64_MAX);
  const auto read = SessionReply::read(session.SerializeAsString()).value();
  EXPECT_GT(read.pool.default_timeout, std::chrono::hours(24 * 365 * 200));
}

TEST(ClientErrorCodes, AreTheProtocols) {
  EXPECT_EQ(v1::ErrorCode_MAX, static_cast<int>(ErrorCode::Internal));
  for (int code = 0; code <= v1::ErrorCode_MAX; ++code) {
    std::string name = to_string(static_cast<ErrorCode>(code));
    EXPECT_EQ(name == "unspecified error", code == v1::ERROR_UNSPECIFIED) << code;
  }
  EXPECT_EQ(static_cast<int>(ErrorCode::UnknownHandler), v1::ERROR_UNKNOWN_HANDLER);
  EXPECT_EQ(static_cast<int>(ErrorCode::QueueFull), v1::ERROR_QUEUE_FULL);
  EXPECT_EQ(static_cast<int>(ErrorCode::UnknownJob), v1::ERROR_UNKNOWN_JOB);
  EXPECT_EQ(static_cast<int>(ErrorCode::Busy), v1::ERROR_BUSY);
}

}  // namespace
}  // namespace ringmaster::client
