#include "daemon/core/daemon/room_grant.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

RoomQuestion asks(std::uint64_t needed, std::uint64_t wished, std::uint64_t has = 0) {
  RoomQuestion question;
  question.uid = 1000;
  question.has = has;
  question.needed = needed;
  question.wished = wished;
  question.held = mib(10);
  question.limit = mib(20);
  question.memory.available = gib(1);
  return question;
}

std::uint64_t granted(const RoomQuestion& question) {
  const auto judged = judge_room(question);
  const auto* bytes = std::get_if<Bytes>(&judged);
  return bytes == nullptr ? 0 : bytes->value;
}

RoomRefusal refused(const RoomQuestion& question) { return std::get<RoomRefusal>(judge_room(question)); }

TEST(RoomGrant, GivesWhatIsWishedInWholePages) {
  EXPECT_EQ(granted(asks(1, 1)), 4096U);
  EXPECT_EQ(granted(asks(5000, 9000)), 12288U);
  EXPECT_EQ(granted(asks(mib(10).value, mib(10).value)), mib(10).value);
}

TEST(RoomGrant, GivesAsMuchAsIsNeededWhereTheWishIsTooMuch) {
  EXPECT_EQ(granted(asks(mib(9).value, mib(18).value)), mib(9).value);
  EXPECT_EQ(granted(asks(mib(9).value, UINT64_MAX)), mib(9).value);
}

TEST(RoomGrant, CountsWhatTheJobHasAlready) {
  EXPECT_EQ(granted(asks(mib(18).value, mib(18).value, mib(9).value)), mib(18).value) << "9 MiB more, held 10 of 20";
  EXPECT_EQ(granted(asks(mib(20).value, mib(20).value, mib(9).value)), 0U);
}

TEST(RoomGrant, RefusesBeyondTheQuota) {
  const RoomRefusal refusal = refused(asks(mib(11).value, mib(11).value));
  EXPECT_EQ(refusal.why, RoomRefusal::Why::Quota);
  EXPECT_EQ(refusal.more, mib(11));
  RoomQuestion over = asks(1, 1);
  over.held = mib(21);  // outcomes that were accepted earlier may exceed it
  EXPECT_EQ(refused(over).why, RoomRefusal::Why::Quota);
}

TEST(RoomGrant, RefusesWhatTheMachineHasNot) {
  RoomQuestion question = asks(mib(9).value, mib(9).value);
  question.memory.available = mib(9);
  const RoomRefusal refusal = refused(question);
  EXPECT_EQ(refusal.why, RoomRefusal::Why::Memory);
  EXPECT_NE(refusal.text.find("9MiB"), std::string::npos) << refusal.text;
  question.memory.available = gib(1);
  question.memory.untouched = gib(1);
  EXPECT_EQ(refused(question).why, RoomRefusal::Why::Memory) << "granted to sessions that have not used it yet";
}

TEST(RoomGrant, GivesAtMostSoManyFilesButLetsEachGrow) {
  RoomQuestion question = asks(8192, 8192);
  question.files_of_uid = kMostSpilledOfOne;
  EXPECT_EQ(refused(question).why, RoomRefusal::Why::TooMany);
  question.files_of_uid = 0;
  question.files = kMostSpilled;
  EXPECT_EQ(refused(question).why, RoomRefusal::Why::TooMany);
  question.has = 4096;
  EXPECT_EQ(granted(question), 8192U);
}

TEST(RoomGrant, RequestsAreCountedApartAndSpokenOfAsSuch) {
  RoomQuestion question = asks(8192, 8192);
  question.what = RoomFor::Request;
  question.files_of_uid = kMostParcelsOfOne - 1;
  question.files = kMostParcels - 1;
  EXPECT_EQ(granted(question), 8192U);
  question.files = kMostParcels;
  EXPECT_EQ(refused(question).why, RoomRefusal::Why::TooMany);
  question.files = question.files_of_uid = kMostParcelsOfOne;
  EXPECT_NE(refused(question).text.find("256 requests"), std::string::npos) << refused(question).text;
  question.files = question.files_of_uid = 0;
  question.needed = question.wished = UINT64_MAX;
  EXPECT_NE(refused(question).text.find("request"), std::string::npos) << refused(question).text;
}

TEST(RoomGrant, SaysHowMuchMemoryCouldBeHad) {
  RoomQuestion question = asks(mib(9).value, mib(9).value);
  question.memory.available = mib(9);
  const RoomRefusal refusal = refused(question);
  EXPECT_GT(refusal.limit.value, 0U);
  EXPECT_LT(refusal.limit.value, mib(9).value);
}

TEST(RoomGrant, NoSumOfAbsurdSizesOverflows) {
  RoomQuestion question = asks(UINT64_MAX, UINT64_MAX);
  question.limit = Bytes{UINT64_MAX};
  question.memory.available = Bytes{UINT64_MAX};
  EXPECT_EQ(refused(question).why, RoomRefusal::Why::Memory);
}

}  // namespace
}  // namespace ringmaster::core
