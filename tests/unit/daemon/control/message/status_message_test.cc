#include "daemon/control/message/status_message.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;
using std::chrono::milliseconds;

TEST(StatusMessage, ShowsTheDaemonItsPoolsAndItsSessions) {
  StatusView status;
  status.daemon.keeper_pid = 10;
  status.daemon.uptime = std::chrono::seconds{5};
  status.daemon.state = "running";
  status.daemon.health = "degraded";
  status.daemon.health_reasons = {"pool \"images\" has no spare"};
  status.connections = 3;
  status.pools.resize(1);
  status.pools[0].name = "images";
  status.pools[0].queued = 4;
  SessionView session;
  session.serial = 7;
  session.bytes = core::kib(8);
  session.internal = true;
  status.sessions = {session};
  const v1::Status message = status_message(status);
  EXPECT_FALSE(message.version().empty());
  EXPECT_EQ(message.keeper_pid(), 10);
  EXPECT_EQ(message.uptime_ms(), 5000U);
  EXPECT_EQ(message.health(), "degraded");
  EXPECT_EQ(message.health_reasons_size(), 1);
  EXPECT_EQ(message.connections(), 3U);
  EXPECT_EQ(message.pools(0).name(), "images");
  EXPECT_EQ(message.pools(0).queued(), 4U);
  EXPECT_EQ(message.sessions(0).serial(), 7U);
  EXPECT_EQ(message.sessions(0).bytes(), 8192U);
  EXPECT_TRUE(message.sessions(0).internal());
}

TEST(StatusMessage, AWorkerWithoutAJobShowsNone) {
  PoolView pool;
  pool.workers.resize(2);
  pool.workers[0].state = "spare";
  pool.workers[1].job = {5, 1000, "echo", "a.js#b", milliseconds{1500}};
  pool.workers[1].cpu = {milliseconds{20}, 12.5, std::chrono::seconds{10}};
  pool.workers[1].resident = core::kib(4);
  const v1::PoolStatus message = pool_message(pool);
  EXPECT_EQ(message.workers(0).state(), "spare");
  EXPECT_EQ(message.workers(0).current_job_id(), 0U);
  EXPECT_EQ(message.workers(1).current_job_id(), 5U);
  EXPECT_EQ(message.workers(1).current_handler(), "echo");
  EXPECT_EQ(message.workers(1).current_label(), "a.js#b");
  EXPECT_EQ(message.workers(1).current_run_ms(), 1500U);
  EXPECT_EQ(message.workers(1).cpu_ms(), 20U);
  EXPECT_EQ(message.workers(1).cpu_percent(), 12.5);
  EXPECT_EQ(message.workers(1).cpu_window_ms(), 10000U);
  EXPECT_EQ(message.workers(1).rss_bytes(), 4096U);
}

TEST(StatusMessage, ATimeThatLiesBehindIsNone) {
  PoolView pool;
  pool.workers.resize(1);
  pool.workers[0].uptime = -milliseconds{5};
  EXPECT_EQ(pool_message(pool).workers(0).uptime_ms(), 0U) << "a worker's stamp may be ahead of us";
}

TEST(StatusMessage, WhatIsLeftOfARefusalIsRoundedUp) {
  PoolView pool;
  pool.charges = {{1000, 2, "refused", std::chrono::nanoseconds{1}, milliseconds{7}, "killed by SIGSEGV"}};
  const v1::PoolStatus message = pool_message(pool);
  EXPECT_EQ(message.charges(0).refused_for_ms(), 1U) << "it is not over yet";
  EXPECT_EQ(message.charges(0).last_for_ms(), 7U);
  EXPECT_EQ(message.charges(0).standing(), "refused");
}

TEST(StatusMessage, EvidenceGoesOutWhereItIsThere) {
  PoolView pool;
  pool.incidents.resize(2);
  pool.incidents[1].evidence = {"#0 spin", "#0 spin #1 main", "a core", "a fault"};
  const v1::PoolStatus message = pool_message(pool);
  EXPECT_EQ(message.incidents(0).stack(), "");
  EXPECT_EQ(message.incidents(1).stack(), "#0 spin");
  EXPECT_EQ(message.incidents(1).full_stack(), "#0 spin #1 main");
  EXPECT_EQ(message.incidents(1).core(), "a core");
  EXPECT_EQ(message.incidents(1).what(), "a fault");
}

TEST(StatusMessage, EachCountHasItsField) {
  PoolView pool;
  pool.figures.counts = {.done = 1,
                         .failed = 2,
                         .crashed = 3,
                         .timed_out = 4,
                         .cancelled = 5,
                         .lost = 6,
                         .refused = 7,
                         .worker_starts = 8,
                         .worker_deaths = 9,
                         .worker_kills = 10,
                         .retries = 11,
                         .missed_wakes = 12,
                         .waited = 13,
                         .queue_full = 14,
                         .leftovers_ended = 15,
                         .leftovers_kept = 16,
                         .leftovers_reaped = 17,
                         .empty_rings = 18};
  const v1::Counters counters = pool_message(pool).counters();
  EXPECT_EQ(counters.done(), 1U);
  EXPECT_EQ(counters.failed(), 2U);
  EXPECT_EQ(counters.crashed(), 3U);
  EXPECT_EQ(counters.timed_out(), 4U);
  EXPECT_EQ(counters.cancelled(), 5U);
  EXPECT_EQ(counters.lost(), 6U);
  EXPECT_EQ(counters.refused(), 7U);
  EXPECT_EQ(counters.worker_starts(), 8U);
  EXPECT_EQ(counters.worker_deaths(), 9U);
  EXPECT_EQ(counters.worker_kills(), 10U);
  EXPECT_EQ(counters.retries(), 11U);
  EXPECT_EQ(counters.missed_wakes(), 12U);
  EXPECT_EQ(counters.waited(), 13U);
  EXPECT_EQ(counters.queue_full(), 14U);
  EXPECT_EQ(counters.leftovers_ended(), 15U);
  EXPECT_EQ(counters.leftovers_kept(), 16U);
  EXPECT_EQ(counters.leftovers_reaped(), 17U);
  EXPECT_EQ(counters.empty_rings(), 18U);
}

TEST(HealthMessage, TellsLevelReasonsAndLine) {
  const v1::Health message = health_message({"down", {"no pool has a worker"}, "down: no pool has a worker", false});
  EXPECT_EQ(message.level(), "down");
  EXPECT_EQ(message.reasons(0), "no pool has a worker");
  EXPECT_EQ(message.line(), "down: no pool has a worker");
  EXPECT_FALSE(message.ready());
}

}  // namespace
}  // namespace ringmaster::daemon
