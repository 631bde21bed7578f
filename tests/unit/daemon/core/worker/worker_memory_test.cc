#include "daemon/core/worker/worker_memory.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

TEST(WorkerMemory, TheLimitCoversWhatSessionsCouldBring) {
  WorkerMemory memory(mib(100), mib(100));
  EXPECT_EQ(memory.give(1, mib(128)), mib(228)) << "before the worker has it";
  EXPECT_EQ(memory.give(2, mib(64)), mib(292));
  EXPECT_FALSE(memory.give(2, mib(64))) << "given again by a successor's table";
  EXPECT_EQ(memory.sessions(), mib(192));
}

TEST(WorkerMemory, AJobIsJudgedByItsOwnMemoryAlone) {
  WorkerMemory memory(mib(100), mib(100));
  (void)memory.give(1, mib(1024));
  EXPECT_FALSE(memory.look({mib(100), mib(1024)}).over) << "a ring that nobody reserved";
  EXPECT_TRUE(memory.look({mib(100) + Bytes{1}, {}}).over) << "below the kernel's limit, but over its own";
}

TEST(WorkerMemory, TheLimitGoesDownWithASessionThatIsGone) {
  WorkerMemory memory(mib(100), mib(100));
  (void)memory.give(1, mib(128));
  memory.returned(1);
  memory.returned(1);
  EXPECT_EQ(memory.look({}).limit, mib(100));
  EXPECT_FALSE(memory.look({}).limit) << "said once";
}

// The client keeps the pages that a worker touched first: they stay charged there, and lowering would kill a job.
TEST(WorkerMemory, PagesOfASessionThatIsGoneAreNobodysFault) {
  WorkerMemory memory(mib(100), mib(100));
  (void)memory.give(1, mib(128));
  memory.returned(1);
  EXPECT_EQ(memory.look({mib(90), mib(128)}).limit, std::nullopt) << "228 MiB, as it is";
  (void)memory.give(2, mib(128));
  const auto look = memory.look({mib(90), mib(128)});
  EXPECT_EQ(look.limit, mib(356)) << "both may be there at once";
  EXPECT_FALSE(look.over);
}

// Of a predecessor's sessions the first that is given again must not take the others' room.
TEST(WorkerMemory, ASuccessorDoesNotLowerWhatItFinds) {
  WorkerMemory memory(mib(100), mib(612));
  EXPECT_FALSE(memory.give(1, mib(256)));
  EXPECT_FALSE(memory.give(2, mib(256)));
  EXPECT_FALSE(memory.look({mib(1), {}}).limit);
}

TEST(WorkerMemory, ReadsTheKernelsTable) {
  const auto use = memory_use_of("anon 4096\nfile 999\nkernel 1\nshmem 8192\n");
  ASSERT_TRUE(use);
  EXPECT_EQ(use->anonymous, Bytes{4096});
  EXPECT_EQ(use->shared, Bytes{8192});
  EXPECT_FALSE(memory_use_of("anon 4096\n"));
  EXPECT_FALSE(memory_use_of(""));
}

}  // namespace
}  // namespace ringmaster::core
