#include "daemon/ports/visible_to.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

using ::testing::ElementsAre;

constexpr Viewer kOwner{.uid = 1000};
constexpr Viewer kOther{.uid = 1001};
constexpr Viewer kAdmin{.uid = 0, .admin = true};

/// One pool whose worker runs job 5 of uid 1000, which died of another one and is charged for it.
StatusView everything() {
  PoolView pool;
  pool.name = "images";
  pool.figures.counts.done = 12;
  WorkerView worker;
  worker.pid = 77;
  worker.job = {5, 1000, "echo", "a.js#b", std::chrono::seconds{1}};
  worker.last_death = "killed by SIGSEGV";
  worker.last_stack = "spin (spin.cc:12)";
  pool.workers = {worker};
  IncidentView incident;
  incident.serial = 1;
  incident.job_id = 4;
  incident.uid = 1000;
  incident.handler = "spin";
  incident.label = "c.js#d";
  incident.cause = "killed by SIGSEGV";
  incident.evidence = {"#0 spin", "#0 spin #1 main", "a core was written", "nothing is mapped at 0x0"};
  pool.incidents = {incident};
  pool.charges = {{1000, 1, "clear", {}, {}, "killed by SIGSEGV"}};
  StatusView all;
  all.connections = 3;
  all.pools = {pool};
  SessionView own;
  own.serial = 7;
  own.pool = "images";
  own.uid = 1000;
  own.queued = 2;
  own.running = 1;
  SessionView root = own;
  root.serial = 8;
  root.uid = 0;
  all.sessions = {own, root};
  count_jobs(all);
  return all;
}

std::vector<std::uint32_t> serials(const StatusView& status) {
  std::vector<std::uint32_t> all;
  for (const SessionView& session : status.sessions) all.push_back(session.serial);
  return all;
}

TEST(VisibleTo, AnAdministratorSeesEverything) {
  const StatusView seen = visible_to(kAdmin, everything());
  EXPECT_THAT(serials(seen), ElementsAre(7, 8));
  const PoolView& pool = seen.pools[0];
  EXPECT_EQ(pool.workers[0].job->id, 5U);
  EXPECT_EQ(pool.workers[0].last_stack, "spin (spin.cc:12)");
  EXPECT_EQ(pool.incidents[0].job_id, 4U);
  ASSERT_TRUE(pool.incidents[0].evidence);
  EXPECT_EQ(pool.incidents[0].evidence->what, "nothing is mapped at 0x0");
  EXPECT_EQ(pool.charges.size(), 1U);
}

TEST(VisibleTo, AnOwnerSeesItsSessionsJobsAndCharges) {
  const StatusView seen = visible_to(kOwner, everything());
  EXPECT_THAT(serials(seen), ElementsAre(7));
  EXPECT_EQ(seen.pools[0].workers[0].job->id, 5U);
  EXPECT_EQ(seen.pools[0].incidents[0].job_id, 4U);
  EXPECT_EQ(seen.pools[0].workers[0].job->label, "a.js#b");
  EXPECT_EQ(seen.pools[0].incidents[0].label, "c.js#d");
  EXPECT_EQ(seen.pools[0].charges.size(), 1U);
}

TEST(VisibleTo, StacksAndWhatAFaultSaidAreForAdministratorsAlone) {
  for (const Viewer& viewer : {kOwner, kOther}) {
    const PoolView pool = visible_to(viewer, everything()).pools[0];
    EXPECT_EQ(pool.workers[0].last_stack, "");
    EXPECT_FALSE(pool.incidents[0].evidence);
  }
}

TEST(VisibleTo, OthersSeeNoSessionNoChargeAndNoJobsIdOrLabel) {
  const StatusView seen = visible_to(kOther, everything());
  EXPECT_EQ(seen.pools[0].workers[0].job->label, "");
  EXPECT_EQ(seen.pools[0].incidents[0].label, "");
  EXPECT_TRUE(seen.sessions.empty());
  EXPECT_TRUE(seen.pools[0].charges.empty());
  EXPECT_EQ(seen.pools[0].workers[0].job->id, 0U);
  EXPECT_EQ(seen.pools[0].incidents[0].job_id, 0U);
}

TEST(VisibleTo, HowThePoolIsIsForEverybody) {
  const StatusView seen = visible_to(kOther, everything());
  EXPECT_EQ(seen.connections, 3U);
  const PoolView& pool = seen.pools[0];
  EXPECT_EQ(pool.figures.counts.done, 12U);
  EXPECT_EQ(pool.queued, 4U) << "of all sessions, whoever looks";
  EXPECT_EQ(pool.running, 2U);
  EXPECT_EQ(pool.workers[0].pid, 77);
  EXPECT_EQ(pool.workers[0].job->handler, "echo");
  EXPECT_EQ(pool.workers[0].job->run, std::chrono::seconds{1});
  EXPECT_EQ(pool.workers[0].last_death, "killed by SIGSEGV");
  EXPECT_EQ(pool.incidents[0].cause, "killed by SIGSEGV");
  EXPECT_EQ(pool.incidents[0].handler, "spin");
}

TEST(VisibleTo, AJobWhoseSubmitterIsNotKnownIsNobodys) {
  StatusView all = everything();
  all.pools[0].incidents[0].uid = ~0U;
  EXPECT_EQ(visible_to(kOwner, all).pools[0].incidents[0].job_id, 0U);
  EXPECT_EQ(visible_to(kAdmin, all).pools[0].incidents[0].job_id, 4U);
}

TEST(VisibleTo, APoolThatSomebodyCreatedIsItsOwnersAndAdministrators) {
  StatusView all = everything();
  PoolView created;
  created.name = "u1000.own";
  created.owner = 1000;
  all.pools.push_back(created);
  EXPECT_EQ(visible_to(kOwner, all).pools.size(), 2U);
  EXPECT_EQ(visible_to(kAdmin, all).pools.size(), 2U);
  ASSERT_EQ(visible_to(kOther, all).pools.size(), 1U);
  EXPECT_EQ(visible_to(kOther, all).pools[0].name, "images");
}

}  // namespace
}  // namespace ringmaster::daemon
