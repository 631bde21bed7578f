#include "shm/job_end.h"
#include "tests/unit/worker/job/worker_rig.h"

namespace ringmaster::worker {
namespace {

TEST_F(WorkerRig, AResultThatOutgrowsItsExtentLiesSealedInAFileOfItsOwn) {
  spilled_ = shm::create_spilled("test").value();
  submit("echo", "hello", 0, 4);
  takes_spilled();
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_TRUE(shm::has_spilled(word()));
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(reply_.line(0).result_bytes, 5U);
  EXPECT_EQ(asked_.index, 1U);
  EXPECT_EQ(asked_.serial, 1U);
  EXPECT_EQ(asked_.slot, 0U);
  EXPECT_EQ(asked_.seq, seq_);
  EXPECT_EQ(asked_.has, 0U);
  EXPECT_EQ(asked_.needed, 5U);
  ASSERT_TRUE(shm::is_sealed_spilled(spilled_.get(), 5));
  const auto bytes = shm::Mapping::map(spilled_.get(), shm::Access::ReadOnly, 5).value();
  EXPECT_EQ(std::memcmp(bytes.bytes().data(), "hello", 5), 0);
}

TEST_F(WorkerRig, AResultForWhichThereIsNoRoomIsTooLargeForGood) {
  submit("echo", "hello", 0, 4);
  takes_spilled();
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::TooLarge);
  EXPECT_EQ(word().detail(), shm::kDetailNoRoom);
  EXPECT_EQ(reply_.line(0).needed_bytes, 5U);
  EXPECT_EQ(message(),
            "the result takes 5 bytes, the caller offered room for 4, and more cannot be had: the quota is "
            "used up");
}

TEST_F(WorkerRig, ARoomThatWasNotNeededAfterAllIsGivenUp) {
  spilled_ = shm::create_spilled("test").value();
  submit("half", "hello", 0, 4);
  takes_spilled();
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(word().detail(), 0U);
  EXPECT_EQ(reply_.line(0).result_bytes, 2U);
  EXPECT_EQ(std::memcmp(reply_.ring(), "he", 2), 0) << "it lies in its extent";
  EXPECT_FALSE(shm::is_sealed_spilled(spilled_.get(), 0));
}

}  // namespace
}  // namespace ringmaster::worker
