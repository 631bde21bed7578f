#include "client/session/ended_jobs.h"

#include <gtest/gtest.h>

namespace ringmaster::client {
namespace {

using Life = JobRecord::Life;
using Taker = JobRecord::Taker;

struct Jobs {
  JobRecords records{4};
  EndedJobs ended{records};
  std::uint32_t add(std::uint32_t slot, Taker taker, std::uint64_t cookie = 0) {
    const std::uint32_t at = records.take(slot);
    records[at].taker = taker;
    records[at].cookie = cookie;
    records.publish(at);
    return at;
  }
  std::uint32_t pop() {
    const std::uint32_t at = ended.front();
    ended.pop();
    return at;
  }
};

TEST(EndedJobs, AreToldInTheOrderInWhichTheyWereFound) {
  Jobs jobs;
  for (int round = 0; round < 3; ++round) {
    const std::uint32_t a = jobs.add(0, Taker::Next);
    const std::uint32_t b = jobs.add(1, Taker::Next);
    const std::uint32_t c = jobs.add(2, Taker::Next);
    for (const std::uint32_t at : {c, a, b}) jobs.ended.add(at);
    for (const std::uint32_t at : {c, a, b}) {
      ASSERT_FALSE(jobs.ended.empty());
      EXPECT_EQ(jobs.pop(), at);
      jobs.records.give_back(at);
    }
    EXPECT_TRUE(jobs.ended.empty());
  }
}

TEST(EndedJobs, AreNotThoseThatSomebodyHoldsOrNobodyWants) {
  Jobs jobs;
  jobs.ended.add(jobs.add(0, Taker::Holder));
  jobs.ended.add(jobs.add(1, Taker::Nobody));
  EXPECT_TRUE(jobs.ended.empty());
}

TEST(EndedJobs, AreToldOnceEachWhenNoneEndsAnyMore) {
  Jobs jobs;
  const std::uint32_t ended = jobs.add(0, Taker::Next);
  jobs.add(1, Taker::Holder);
  const std::uint32_t open = jobs.add(2, Taker::Next);
  const std::uint32_t free = jobs.add(3, Taker::Next);
  jobs.records.give_back(free);
  jobs.ended.add(ended);
  jobs.ended.add_the_rest();
  jobs.ended.add_the_rest();
  jobs.ended.add(open);
  EXPECT_EQ(jobs.pop(), ended);
  EXPECT_EQ(jobs.pop(), open);
  EXPECT_TRUE(jobs.ended.empty());
}

TEST(EndedJobs, FindsTheOpenOnesOfACookie) {
  Jobs jobs;
  const std::uint32_t one = jobs.add(0, Taker::Next, 7);
  const std::uint32_t two = jobs.add(1, Taker::Next, 7);
  jobs.add(2, Taker::Next, 8);
  jobs.add(3, Taker::Holder, 7);
  std::vector<std::uint32_t> found;
  const auto note = [&found](std::uint32_t at) { found.push_back(at); };
  EXPECT_TRUE(jobs.ended.each_open(7, note));
  EXPECT_EQ(found.size(), 2U);
  jobs.ended.add(one);
  found.clear();
  EXPECT_TRUE(jobs.ended.each_open(7, note));
  EXPECT_EQ(found, std::vector<std::uint32_t>{two});
  jobs.records.give_back(two);
  EXPECT_FALSE(jobs.ended.each_open(7, note));
}

}  // namespace
}  // namespace ringmaster::client
