#include <sys/socket.h>

#include "tests/unit/daemon/pool/pool_fixture.h"

namespace ringmaster::daemon {
namespace {

using testing::PoolLife;
using testing::Remains;

void say_fault(const Remains& remains, int signal) {
  worker_link::Fault fault;
  fault.signal = signal;
  fault.text = "uncaught std::logic_error: no";
  const auto packet = worker_link::encode(worker_link::ToSupervisor(fault));
  ASSERT_EQ(::send(remains.worker_socket.get(), packet.data(), packet.size(), MSG_DONTWAIT),
            static_cast<ssize_t>(packet.size()));
}

TEST(PoolFault, OnlyAWorkerThatHasEndedAJobMayLeave) {
  for (const std::uint64_t jobs : {0U, 1U}) {
    Remains remains;
    remains.worker.lane->counters.failed = jobs;
    PoolLife life(remains);
    life.succeed(remains.held());
    const auto packet = worker_link::encode(worker_link::ToSupervisor(worker_link::Leaving{}));
    ASSERT_EQ(::send(remains.worker_socket.get(), packet.data(), packet.size(), MSG_DONTWAIT),
              static_cast<ssize_t>(packet.size()));
    life.settle();
    EXPECT_EQ(life.status().workers(0).state(), jobs == 0 ? "condemned" : "leaving");
    EXPECT_EQ(life.asked().killed.size(), jobs == 0 ? 1U : 0U);
  }
}

TEST(PoolFault, AFaultedWorkerIsLetGoAndItsFaultIsTheCause) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  PoolLife life(remains);
  life.succeed(remains.held());
  say_fault(remains, SIGABRT);
  life.settle();
  EXPECT_EQ(life.status().workers(0).state(), "condemned");
  EXPECT_NE(remains.control->fault_taken, 0U) << "there is no tracer: it need not wait";
  EXPECT_TRUE(life.asked().killed.empty()) << "it has time to die by itself";
  ASSERT_EQ(life.status().incidents_size(), 1);
  EXPECT_EQ(life.status().incidents(0).kind(), "being killed");
  life.end(Remains::exit(CLD_DUMPED, SIGABRT));
  EXPECT_EQ(remains.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(remains.word(slot).detail(), SIGABRT);
  const auto incident = life.status().incidents(0);
  EXPECT_EQ(incident.cause(), "killed by SIGABRT");
  EXPECT_EQ(incident.what(), "uncaught std::logic_error: no");
  EXPECT_EQ(incident.core().rfind("core dumped", 0), 0U);
  EXPECT_EQ(incident.job_id(), shm::make_job_id(7, remains.word(slot).seq()));
}

TEST(PoolFault, AVerdictThatStoodBeforeTheFaultIsTheCause) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  const shm::Intent intent = *shm::Intent::unpack(remains.worker.lane->words.intent.load());
  ASSERT_TRUE(shm::write_verdict(remains.record(), {intent, Cause::RunTimeout, 0}));
  PoolLife life(remains);
  life.succeed(remains.held());
  say_fault(remains, SIGSEGV);
  life.settle();
  life.end(Remains::exit(CLD_KILLED, SIGSEGV));
  EXPECT_EQ(remains.word(slot).cause(), Cause::RunTimeout);
  EXPECT_EQ(life.status().incidents(0).kind(), "timed out");
}

TEST(PoolFault, ASuccessorGoesByTheLane) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  remains.worker.lane->words.fault = std::uint64_t{SIGBUS} << 32;
  PoolLife life(remains);
  life.succeed(remains.held());
  EXPECT_EQ(life.status().workers(0).state(), "condemned");
  EXPECT_NE(remains.control->fault_taken, 0U);
  life.until([&] { return !life.asked().killed.empty(); });  // it does not die of its fault
  life.end(Remains::exit(CLD_KILLED, SIGKILL));
  EXPECT_EQ(remains.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(remains.word(slot).detail(), SIGBUS);
  EXPECT_EQ(life.status().incidents(0).cause(), "killed by SIGBUS");
}

}  // namespace
}  // namespace ringmaster::daemon
