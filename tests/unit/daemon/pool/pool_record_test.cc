#include "daemon/control/requests/request_router.h"
#include "daemon/incidents/incident_log.h"
#include "daemon/jobs/message_jobs.h"
#include "tests/testing/fake_asker.h"
#include "tests/testing/fake_pool_maker.h"
#include "tests/unit/daemon/pool/pool_fixture.h"

namespace ringmaster::daemon {
namespace {

using testing::FakeAsker;
using testing::PoolLife;
using testing::Remains;

constexpr const char* kStack = "#0 spin (spin.cc:12)\n#1 run (main.cc:30)\n";

TEST(PoolRecord, CountsOfTheDeadSurviveTheirSupervisor) {
  Remains remains;
  remains.run_a_job();
  remains.finish_the_job();
  const std::uint32_t slot = remains.run_a_job();
  auto exit = Remains::exit(CLD_KILLED, SIGSEGV);
  exit.died_at_ns = remains.worker.lane->words.stamp_ns + 300'000'000;
  control::v1::PoolStatus before;
  {
    PoolLife life(remains);
    life.succeed(remains.held());
    EXPECT_EQ(life.status().counters().done(), 1U) << "of the living";
    life.end(exit);
    EXPECT_EQ(remains.word(slot).cause(), Cause::CrashedSignal);
    const shm::SlotLine& line = remains.session.reply.line(slot);
    EXPECT_EQ(line.result_seq, remains.word(slot).seq());
    EXPECT_EQ(line.finished_ns - line.started_ns, 300'000'000U);
    before = life.status();
  }
  EXPECT_EQ(before.counters().done(), 1U);
  EXPECT_EQ(before.counters().crashed(), 1U);
  EXPECT_EQ(before.counters().worker_deaths(), 1U);
  EXPECT_EQ(before.run_time().count(), 2U) << "the run that the crash cut short is one too";
  EXPECT_EQ(before.run_time().max_ns(), 300'000'000U);
  ASSERT_EQ(before.incidents_size(), 1);
  PoolLife next(remains);
  next.pool().attach(remains.session, [] {});
  const auto after = next.status();
  EXPECT_EQ(after.counters().SerializeAsString(), before.counters().SerializeAsString());
  EXPECT_EQ(after.run_time().SerializeAsString(), before.run_time().SerializeAsString());
  ASSERT_EQ(after.incidents_size(), 1);
  EXPECT_EQ(after.incidents(0).cause(), "killed by SIGSEGV");
  EXPECT_EQ(after.incidents(0).kind(), "signal");
  EXPECT_EQ(after.incidents(0).job_id(), shm::make_job_id(7, remains.word(slot).seq()));
  next.pool().start();
  EXPECT_EQ(next.status().workers(0).last_death(), "killed by SIGSEGV");
}

TEST(PoolRecord, ADeathThatWasBookedIsNotBookedAgain) {
  Remains remains;
  remains.run_a_job();
  remains.finish_the_job();
  remains.run_a_job();
  {
    PoolLife life(remains);
    life.succeed(remains.held(), true);
    life.end(Remains::exit(CLD_KILLED, SIGSEGV));
  }
  // As if killed right before the record of the dead was cleared, and with it the acknowledgement.
  remains.record().incarnation = 1;
  remains.record().flags = shm::kLedgerReady;
  remains.record().started_ns = 0;
  remains.record().state = static_cast<std::uint32_t>(shm::LedgerState::Live);
  PoolLife next(remains);
  next.succeed(remains.held(), true);
  next.end(Remains::exit(CLD_KILLED, SIGSEGV));
  EXPECT_EQ(next.status().counters().worker_deaths(), 1U);
  EXPECT_EQ(next.status().counters().crashed(), 1U);
  EXPECT_EQ(next.status().counters().done(), 1U);
  EXPECT_EQ(next.status().run_time().count(), 2U);
  EXPECT_EQ(next.status().incidents_size(), 1);
}

TEST(PoolRecord, ADeathThatWasBookedAndNotResolvedIsCountedOnce) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  // The predecessor has booked the death and died.
  shm::book_death(remains.ledger->pools[0], remains.worker.owner, [](shm::LedgerTally& tally) {
    ++tally.deaths;
    tally.run.add(5);
  });
  PoolLife life(remains);
  life.succeed(remains.held(), true);
  life.end(Remains::exit(CLD_KILLED, SIGSEGV));
  EXPECT_EQ(remains.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(life.status().counters().worker_deaths(), 1U);
  EXPECT_EQ(life.status().run_time().count(), 1U);
  EXPECT_EQ(life.status().run_time().max_ns(), 5U);
}

TEST(PoolRecord, AJobThatWaitsForTooLongIsCountedAmongThoseThatQueued) {
  Remains remains;
  PoolLife life(remains);
  life.succeed(remains.held());
  const auto slot = remains.client->take_slot();
  shm::JobDescriptor job{};
  job.queue_timeout_ms = 20;
  job.submitted_ns = remains.now_ns() - 30'000'000;
  (void)remains.client->publish(*slot, job);
  life.until([&] { return remains.word(*slot).cause() == Cause::QueueTimeout; });
  const auto status = life.status();
  EXPECT_EQ(status.counters().timed_out(), 1U);
  EXPECT_EQ(status.queue_time().count(), 1U);
  EXPECT_GE(status.queue_time().max_ns(), 30'000'000U);
  EXPECT_EQ(status.run_time().count(), 0U);
}

TEST(PoolRecord, RefusalsOfClientsAreCountedOnce) {
  Remains remains;
  remains.session.reply.queue_full().store(3);
  {
    PoolLife life(remains);
    life.succeed(remains.held());
    EXPECT_EQ(life.status().counters().queue_full(), 3U);
    remains.session.reply.queue_full().store(2);
    life.pool().detach(remains.session.index, remains.session.serial, [] {});
  }
  PoolLife next(remains);
  next.succeed(remains.held());
  EXPECT_EQ(next.status().counters().queue_full(), 5U);
  remains.session.reply.queue_full().store(UINT64_MAX);
  EXPECT_EQ(next.status().counters().queue_full(), std::uint64_t{UINT32_MAX} + 5) << "a client's word is bounded";
}

TEST(PoolRecord, WorkersThatOthersKillBeforeTheyAreReadyLetThePoolRefuseNobody) {
  Remains remains;
  PoolLife life(remains);
  life.pool().start();
  for (std::size_t times = 1; times <= 3; ++times) {
    life.until([&] { return life.asked().spawned.size() == times; });
    auto exit = Remains::exit(CLD_KILLED, SIGKILL);
    exit.incarnation = life.asked().spawned.back().second;
    life.end(exit);
    EXPECT_EQ(life.pool().refusal(), "") << times;
  }
  life.until([&] { return life.asked().spawned.size() == 4; });
  auto by_itself = Remains::exit(CLD_EXITED, 3);
  by_itself.incarnation = life.asked().spawned.back().second;
  life.end(by_itself);
  life.until([&] { return life.asked().spawned.size() == 5; });
  by_itself.incarnation = life.asked().spawned.back().second;
  life.end(by_itself);
  EXPECT_NE(life.pool().refusal(), "");
}

TEST(PoolRecord, WhatWaitsIsSeenByAStatus) {
  Remains remains;
  {
    PoolLife life(remains);
    life.succeed(remains.held());
    EXPECT_EQ(life.status().queue_highest(), 0U);
    EXPECT_EQ(life.status().rates_size(), 3);
    const auto slot = remains.client->take_slot();
    shm::JobDescriptor job{};
    job.submitted_ns = remains.now_ns();
    (void)remains.client->publish(*slot, job);
    life.until([&] { return life.status().oldest_queued_ms() >= 2; });
    EXPECT_EQ(life.status().queue_highest(), 1U);
    life.until([&] { return life.status().run_time_minute().window_ms() != 0; });
  }
  PoolLife next(remains);
  EXPECT_EQ(next.status().queue_highest(), 1U) << "it was so, whoever saw it";
}

TEST(PoolRecord, JobsThatWaitedAreCountedByTheirWorkers) {
  Remains remains;
  remains.run_a_job();
  remains.worker.lane->counters.waited.store(1);
  PoolLife life(remains);
  life.succeed(remains.held());
  EXPECT_EQ(life.status().counters().waited(), 1U);
  life.end(Remains::exit());
  EXPECT_EQ(life.status().counters().waited(), 1U) << "of the dead too";
}

TEST(PoolRecord, AStackThatThePredecessorTookIsKept) {
  Remains remains;
  remains.run_a_job();
  const shm::Intent intent = *shm::Intent::unpack(remains.worker.lane->words.intent.load());
  ASSERT_TRUE(shm::write_verdict(remains.record(), {intent, Cause::RunTimeout, 0}));
  IncidentLog log(*remains.ledger);
  log.set_stack(log.open({0, 0, 1, 0}, {5, 1000, "spin"}, 1), kStack, kStack);
  PoolLife life(remains);
  life.succeed(remains.held(), true);
  EXPECT_EQ(life.status().incidents(0).kind(), "being killed");
  life.end(Remains::exit());
  const auto status = life.status();
  ASSERT_EQ(status.incidents_size(), 1);
  EXPECT_EQ(status.incidents(0).kind(), "timed out");
  EXPECT_EQ(status.incidents(0).stack(), kStack);
  EXPECT_EQ(status.incidents(0).handler(), "spin");
  EXPECT_EQ(status.workers(0).last_stack(), "spin (spin.cc:12)");
}

TEST(PoolRecord, StacksAndJobsOfOthersAreForAdministrators) {
  Remains remains;
  const std::uint32_t slot = remains.run_a_job();
  const std::uint64_t job = shm::make_job_id(7, remains.word(slot).seq());
  IncidentLog log(*remains.ledger);
  log.set_stack(log.open({0, 0, 1, 0}, {job, 1001, "spin"}, 1), kStack, kStack);
  PoolLife life(remains);
  life.succeed(remains.held());
  MessageJobs jobs(life.loop(), life, life.desk());
  testing::FakePoolMaker maker;
  RequestRouter desk(life.loop(), life, life.desk(), jobs, maker);
  control::v1::Request request;
  request.mutable_get_status();
  const auto seen_by = [&](bool admin) {
    const auto asker = std::make_shared<FakeAsker>();
    desk.handle({1000, 1, admin, 1}, request, Responder(asker));
    return asker->last.status().pools(0);
  };
  EXPECT_EQ(seen_by(true).workers(0).current_job_id(), job);
  EXPECT_EQ(seen_by(true).incidents(0).stack(), kStack);
  const auto other = seen_by(false);
  EXPECT_EQ(other.workers(0).current_job_id(), 0U);
  EXPECT_EQ(other.workers(0).last_stack(), "");
  ASSERT_EQ(other.incidents_size(), 1);
  EXPECT_EQ(other.incidents(0).stack(), "");
  EXPECT_EQ(other.incidents(0).full_stack(), "");
  EXPECT_EQ(other.incidents(0).job_id(), 0U);
}

TEST(PoolRecord, AStackIsForItsJobsOwnerAndForAdministrators) {
  Remains remains;
  const std::uint64_t job = shm::make_job_id(7, 5);
  IncidentLog log(*remains.ledger);
  const std::uint64_t serial = log.open({0, 0, 1, 0}, {job, 1001, "spin"}, 1);
  log.set_stack(serial, kStack, kStack);
  log.set_what(serial, "nothing is mapped at 0x0");
  PoolLife life(remains);
  life.succeed(remains.held());
  MessageJobs jobs(life.loop(), life, life.desk());
  testing::FakePoolMaker maker;
  RequestRouter desk(life.loop(), life, life.desk(), jobs, maker);
  const auto told = [&](std::uint32_t uid, bool admin, std::uint64_t wanted) {
    control::v1::Request request;
    request.mutable_get_stack()->set_job_id(wanted);
    request.mutable_get_stack()->set_wait_ms(10);
    const auto asker = std::make_shared<FakeAsker>();
    desk.handle({uid, 1, admin, 1}, request, Responder(asker));
    return asker->last;
  };
  const auto own = told(1001, false, job);
  ASSERT_EQ(own.body_case(), control::v1::Reply::kStack);
  EXPECT_EQ(own.stack().stack(), kStack);
  EXPECT_EQ(own.stack().worker(), "t[0]");
  EXPECT_EQ(own.stack().handler(), "spin");
  EXPECT_EQ(own.stack().what(), "nothing is mapped at 0x0");
  EXPECT_EQ(told(0, true, job).body_case(), control::v1::Reply::kStack);
  EXPECT_EQ(told(1002, false, job).error().code(), control::v1::ERROR_UNKNOWN_JOB);
  EXPECT_EQ(told(1001, false, job + 1).error().code(), control::v1::ERROR_UNKNOWN_JOB);
  EXPECT_EQ(told(1001, false, 0).error().code(), control::v1::ERROR_UNKNOWN_JOB);
}

}  // namespace
}  // namespace ringmaster::daemon
