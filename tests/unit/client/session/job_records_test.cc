#include "client/session/job_records.h"

#include <gtest/gtest.h>

namespace ringmaster::client {
namespace {

TEST(JobRecords, AreAsManyAsThereAreSlots) {
  JobRecords records(64);
  EXPECT_EQ(records.size(), 64U);
  for (std::uint32_t slot = 0; slot < 64; ++slot) EXPECT_EQ(records[records.take(slot)].slot, slot);
  EXPECT_DEATH((void)records.take(0), "slot 0");
}

TEST(JobRecords, TheOneThatWasGivenBackLastIsUsedNext) {
  JobRecords records(64);
  const std::uint32_t first = records.take(5);
  const std::uint32_t second = records.take(6);
  records.give_back(first);
  EXPECT_EQ(records[first].life, JobRecord::Life::Free);
  EXPECT_EQ(records.take(7), first) << "its lines are warm";
  EXPECT_NE(first, second);
}

TEST(JobRecords, NothingOfTheJobBeforeIsBelieved) {
  JobRecords records(64);
  const std::uint32_t at = records.take(5);
  records[at].taker = JobRecord::Taker::Nobody;
  records[at].asked_again = true;
  records.give_back(at);
  ASSERT_EQ(records.take(5), at);
  EXPECT_EQ(records[at].taker, JobRecord::Taker::Holder);
  EXPECT_FALSE(records[at].asked_again);
}

TEST(JobRecords, ASlotIsWhoseJobWasPublishedThere) {
  JobRecords records(64);
  EXPECT_EQ(records.of_slot(9), JobRecords::kNone);
  const std::uint32_t at = records.take(9);
  EXPECT_EQ(records.of_slot(9), JobRecords::kNone);
  records.publish(at);
  EXPECT_EQ(records[at].life, JobRecord::Life::Published);
  EXPECT_EQ(records.of_slot(9), at);
  records[at].slot = 10;  // asked again
  records.publish(at);
  EXPECT_EQ(records.of_slot(10), at);
}

}  // namespace
}  // namespace ringmaster::client
