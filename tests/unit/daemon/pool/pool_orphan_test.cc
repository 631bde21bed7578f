#include "tests/unit/daemon/pool/pool_fixture.h"

namespace ringmaster::daemon {
namespace {

using testing::FakeKeeper;
using testing::PoolLife;
using testing::Remains;

const FakeKeeper::Name kFirst{0, 1};
const FakeKeeper::Name kSecond{0, 2};

// What the keeper holds when its table was full for one descriptor, or two.
WorkerFds without_stdout(Remains& remains) {
  WorkerFds fds = remains.held();
  fds.out.reset();
  return fds;
}
WorkerFds without_lane(Remains& remains) {
  WorkerFds fds = without_stdout(remains);
  fds.lane.reset();
  return fds;
}

TEST(Orphan, ItsJobEndsAsCrashedWithTheExit) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  PoolLife life(remains);
  life.succeed(without_stdout(remains));
  EXPECT_EQ(life.asked().killed, std::vector{kFirst});
  EXPECT_EQ(life.status().workers(0).state(), "condemned");
  EXPECT_EQ(remains.word(slot).state(), shm::SlotState::Running) << "its process may still write";
  life.end(Remains::exit());
  EXPECT_EQ(remains.word(slot).state(), shm::SlotState::Failed);
  EXPECT_EQ(remains.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(remains.word(slot).detail(), SIGKILL);
  EXPECT_EQ(life.asked().acknowledged, std::vector{kFirst});
  EXPECT_EQ(life.status().counters().crashed(), 1U);
  EXPECT_EQ(life.status().counters().worker_deaths(), 1U);
}

TEST(Orphan, ItsCountsAreThereBeforeItsExitToo) {
  Remains remains;
  remains.run_a_job();
  remains.finish_the_job();
  PoolLife life(remains);
  life.succeed(without_stdout(remains));
  EXPECT_EQ(life.status().counters().done(), 1U) << "else they would look like those of the last minute at its exit";
  life.end(Remains::exit());
  EXPECT_EQ(life.status().counters().done(), 1U);
}

TEST(Orphan, ItsIdempotentJobIsTriedAgain) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job(shm::kJobIdempotent);
  PoolLife life(remains);
  life.succeed(without_stdout(remains));
  life.end(Remains::exit());
  EXPECT_EQ(remains.word(slot).state(), shm::SlotState::Ready);
  EXPECT_EQ(remains.word(slot).attempt(), 1U);
}

TEST(Orphan, ALostLaneLosesNoJob) {
  for (const std::uint32_t flags : {0U, shm::kJobIdempotent}) {
    Remains remains;
    const std::uint32_t slot = remains.run_a_job(flags);
    PoolLife life(remains);
    life.succeed(without_lane(remains));
    life.end(Remains::exit());
    EXPECT_EQ(remains.word(slot).state(), flags == 0 ? shm::SlotState::Failed : shm::SlotState::Ready);
    EXPECT_EQ(remains.word(slot).cause(), flags == 0 ? Cause::CrashedSignal : Cause::None);
  }
}

TEST(Orphan, APredecessorsVerdictStands) {
  for (const bool lane_is_there : {true, false}) {
    Remains remains;
    const std::uint32_t slot = remains.run_a_job(shm::kJobIdempotent);
    const auto intent = shm::Intent::unpack(remains.worker.lane->words.intent.load());
    ASSERT_TRUE(shm::write_verdict(remains.record(), {*intent, Cause::RunTimeout, 0}));
    PoolLife life(remains);
    life.succeed(lane_is_there ? without_stdout(remains) : without_lane(remains));
    ASSERT_TRUE(shm::standing_verdict(remains.record()));
    life.end(Remains::exit());
    EXPECT_EQ(remains.word(slot).cause(), Cause::RunTimeout);
    EXPECT_EQ(life.status().counters().timed_out(), 1U);
    EXPECT_FALSE(shm::standing_verdict(remains.record())) << "not for the next job";
  }
}

TEST(Orphan, ASessionIsNotForgottenBeforeTheExit) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  PoolLife life(remains);
  life.succeed(without_stdout(remains));
  bool detached = false;
  life.pool().detach(remains.session.index, remains.session.serial, [&] { detached = true; });
  life.settle();
  EXPECT_FALSE(detached);
  life.end(Remains::exit());
  EXPECT_TRUE(detached);
  EXPECT_EQ(remains.word(slot).state(), shm::SlotState::Failed);
}

TEST(Orphan, NobodyTakesItsSeatBeforeTheExit) {
  Remains remains;
  PoolLife life(remains);
  life.succeed(without_stdout(remains));
  EXPECT_TRUE(life.asked().spawned.empty());
  EXPECT_EQ(remains.record().incarnation, 1U);
  life.end(Remains::exit());
  EXPECT_EQ(life.asked().spawned, std::vector{kSecond});
}

TEST(Orphan, AnIncarnationWithoutASeatIsReapedToo) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  remains.record().incarnation = 5;  // the predecessor had gone on
  remains.record().state = static_cast<std::uint32_t>(shm::LedgerState::Empty);
  PoolLife life(remains);
  life.pool().attach(remains.session, [] {});
  life.pool().start();
  life.settle();
  life.end(Remains::exit());
  EXPECT_EQ(remains.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(life.asked().acknowledged, std::vector{kFirst});
}

}  // namespace
}  // namespace ringmaster::daemon
