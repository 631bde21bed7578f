#include "tests/unit/daemon/pool/pool_fixture.h"

#include "proto/handler_id.h"

namespace ringmaster::daemon {
namespace {

using testing::FakeKeeper;
using testing::PoolLife;
using testing::Remains;

const FakeKeeper::Name kFirst{0, 1};
const FakeKeeper::Name kSecond{0, 2};

TEST(PoolResume, AWorkerThatWasToldToLeaveLeavesAsTold) {
  Remains remains;
  remains.control->leave = 1;
  PoolLife life(remains);
  life.succeed(remains.held());
  EXPECT_EQ(life.status().workers(0).state(), "leaving");
  life.end(Remains::exit(CLD_EXITED, 0));
  EXPECT_EQ(life.status().workers(0).last_death(), "");
  EXPECT_EQ(life.asked().spawned, std::vector{kSecond});
}

TEST(PoolResume, AWorkerThatLeftAsToldBetweenTwoSupervisorsWasWanted) {
  for (const int status : {0, 3}) {
    Remains remains;
    remains.control->leave = 1;
    PoolLife life(remains);
    life.succeed(remains.held(), true);
    life.end(Remains::exit(CLD_EXITED, status));
    EXPECT_EQ(life.status().workers(0).last_death().empty(), status == 0) << life.status().workers(0).last_death();
  }
}

TEST(PoolResume, ASentenceIsNotCarriedOutOnTheDead) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  const shm::Intent intent = *shm::Intent::unpack(remains.worker.lane->words.intent.load());
  ASSERT_TRUE(shm::write_verdict(remains.record(), {intent, Cause::RunTimeout, 0}));
  PoolLife life(remains);
  life.succeed(remains.held(), true);
  EXPECT_EQ(remains.control->hold, 0U) << "no ladder goes on: its next step would trace whoever has the pid now";
  life.end(Remains::exit());
  EXPECT_EQ(remains.word(slot).cause(), Cause::RunTimeout);
  EXPECT_TRUE(life.asked().killed.empty());
}

// Handler 42, of which nobody knows that it listens.
TEST(PoolResume, ACancelThatStandsInTheControlSegmentKillsNobodyWhoDoesNotListen) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  remains.control->cancel = remains.worker.lane->words.intent.load();
  PoolLife life(remains);
  life.succeed(remains.held());
  EXPECT_EQ(remains.word(slot).state(), shm::SlotState::Running);
  EXPECT_FALSE(shm::standing_verdict(remains.record()));
  EXPECT_EQ(remains.control->cancel, remains.worker.lane->words.intent) << "it stays told";
}

TEST(PoolResume, ACancelThatStandsInTheControlSegmentIsCarriedOut) {
  Remains remains;
  HandlerDescription handler;
  handler.name = "listener";
  handler.listens_to_cancel = true;
  const std::uint32_t slot = remains.run_a_job(0, wire::handler_id(handler.name));
  const std::uint64_t intent = remains.worker.lane->words.intent.load();
  remains.control->cancel = intent;
  remains.record().first_seen_ns = remains.now_ns();
  remains.record().seen_intent = intent;
  PoolLife life(remains, remains.held_of_pool(handler));
  life.succeed(remains.held());
  life.until([&] { return !life.asked().killed.empty(); });
  EXPECT_EQ(life.asked().killed.front(), kFirst);
  life.end(Remains::exit());
  EXPECT_EQ(remains.word(slot).state(), shm::SlotState::Cancelled);
}

TEST(PoolResume, ACancelOfAnEarlierJobIsNone) {
  Remains remains;
  remains.run_a_job();
  remains.control->cancel = remains.worker.lane->words.intent.load();
  remains.finish_the_job();
  const std::uint32_t slot = remains.run_a_job();
  PoolLife life(remains);
  life.succeed(remains.held());
  EXPECT_EQ(remains.word(slot).state(), shm::SlotState::Running);
  EXPECT_FALSE(shm::standing_verdict(remains.record()));
}

// The session's index and the job's slot and seq come round again.
TEST(PoolResume, ACancelOfAnEarlierSessionIsForgotten) {
  Remains remains;
  remains.run_a_job();
  const std::uint64_t earlier = remains.worker.lane->words.intent.load();
  remains.control->cancel = earlier;
  remains.finish_the_job();
  {
    PoolLife life(remains);
    life.succeed(remains.held());
  }
  EXPECT_EQ(remains.control->cancel, 0U);
}

TEST(PoolResume, LinesOfAWorkerCarryThePublicIdOfItsJob) {
  for (const bool adoptable : {true, false}) {
    Remains remains;
    const std::uint32_t slot = remains.run_a_job();
    ASSERT_EQ(::write(remains.worker_stderr.get(), "hello\n", 6), 6);
    ::testing::internal::CaptureStderr();
    PoolLife life(remains);
    WorkerFds fds = remains.held();
    if (!adoptable) fds.out.reset();
    life.succeed(std::move(fds));
    const std::string log = ::testing::internal::GetCapturedStderr();
    const std::string job = "job=" + std::to_string(shm::make_job_id(7, remains.word(slot).seq()));
    const std::size_t at = log.find("hello");
    ASSERT_NE(at, std::string::npos) << log;
    const std::size_t begin = log.rfind('\n', at) + 1;
    EXPECT_NE(log.substr(begin, log.find('\n', at) - begin).find(job), std::string::npos) << log;
  }
}

TEST(PoolResume, AnAdoptedWorkerIsToldToDetachWhatAPredecessorMayHaveGivenIt) {
  Remains remains;
  PoolLife life(remains);
  life.succeed(remains.held());
  bool gone = false;
  life.pool().detach(5, 99, [&gone] { gone = true; });
  life.settle();
  EXPECT_FALSE(gone) << "it has not answered";
  std::vector<std::byte> buffer(worker_link::kMaxMessageBytes);
  bool told = false;
  for (;;) {
    const ReceivedPacket packet = receive_packet(remains.worker_socket.get(), buffer);
    if (packet.error != 0) break;
    const auto message = worker_link::decode_to_worker(std::span(buffer).first(packet.size), packet.fd_count);
    ASSERT_TRUE(message);
    const auto* const detach = std::get_if<worker_link::Detach>(&*message);
    told = told || (detach != nullptr && detach->index == 5 && detach->serial == 99);
  }
  EXPECT_TRUE(told);
  ASSERT_EQ(send_packet(remains.worker_socket.get(), worker_link::encode(worker_link::Detached{5, 99})), 0);
  life.settle();
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace ringmaster::daemon
