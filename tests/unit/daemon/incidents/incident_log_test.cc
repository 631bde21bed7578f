#include "daemon/incidents/incident_log.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace ringmaster::daemon {
namespace {

const core::DeathCause kSignal{core::DeathKind::Signal, 11, true};

TEST(IncidentLog, OneProcessHasOneIncident) {
  const auto ledger = std::make_unique<shm::LedgerRecord>();
  IncidentLog log(*ledger);
  const std::uint64_t first = log.open({1, 2, 3, 100}, {42, 1000, "resize", "a.js#b"}, 150);
  EXPECT_EQ(log.open({1, 2, 3, 100}, {}, 160), first);
  log.close(first, kSignal, "killed by SIGSEGV");
  log.close(log.open({1, 2, 3, 100}, {}, 170), {core::DeathKind::ExitCode, 1, false}, "something else");
  ASSERT_NE(log.find(first), nullptr);
  EXPECT_STREQ(log.find(first)->cause, "killed by SIGSEGV") << "the first cause stays";
  EXPECT_EQ(log.find(first)->job_id, 42U);
  EXPECT_STREQ(log.find(first)->label, "a.js#b");
  EXPECT_NE(log.open({1, 2, 4, 180}, {}, 190), first) << "another incarnation";
  EXPECT_NE(log.open({1, 2, 3, 200}, {}, 210), first) << "the number of an incarnation, used again";
}

TEST(IncidentLog, TheOldestMakesRoom) {
  const auto ledger = std::make_unique<shm::LedgerRecord>();
  IncidentLog log(*ledger);
  for (std::uint32_t i = 1; i <= shm::kLedgerIncidents + 2; ++i)
    (void)log.open({i % 2, 0, i, i}, {i, shm::kNoUid, "h"}, i);
  EXPECT_EQ(log.find(2), nullptr);
  ASSERT_NE(log.find(3), nullptr);
  const auto last = log.last(1, 3);
  ASSERT_EQ(last.size(), 3U);
  EXPECT_EQ(last[0]->job_id, shm::kLedgerIncidents + 1) << "the newest of pool 1 first";
  EXPECT_EQ(last[2]->job_id, shm::kLedgerIncidents - 3);
}

TEST(IncidentLog, TextsAreCleanAndCut) {
  const auto ledger = std::make_unique<shm::LedgerRecord>();
  IncidentLog log(*ledger);
  const std::uint64_t serial = log.open({0, 0, 1, 0}, {0, shm::kNoUid, std::string(200, 'h')}, 1);
  log.set_stack(serial, "a\x1b[31mb", "all of it");
  EXPECT_STREQ(log.find(serial)->stack, "a?[31mb");
  EXPECT_STREQ(log.find(serial)->full_stack, "all of it");
  log.set_stack(serial, std::string(5000, 's'), {});
  EXPECT_EQ(std::string(log.find(serial)->stack).size(), sizeof shm::LedgerIncident::stack - 1);
  EXPECT_EQ(std::string(log.find(serial)->handler).size(), sizeof shm::LedgerIncident::handler - 1);
}

TEST(IncidentLog, APoolThatHasItsPlaceByNowIsNotCalledItsPool) {
  const auto ledger = std::make_unique<shm::LedgerRecord>();
  IncidentLog log(*ledger);
  std::string("u1000.first").copy(ledger->pools[2].name, sizeof ledger->pools[2].name - 1);
  const std::uint64_t serial = log.open({2, 0, 1, 0}, {}, 1);
  EXPECT_EQ(log.pool_of(*log.find(serial)), "u1000.first");
  ++ledger->pools[2].generation;
  EXPECT_EQ(log.pool_of(*log.find(serial)), "a removed pool");
}

TEST(IncidentLog, TheLastDeathThatAJobSawIsFound) {
  const auto ledger = std::make_unique<shm::LedgerRecord>();
  IncidentLog log(*ledger);
  (void)log.open({0, 0, 1, 0}, {42, 1000, "h"}, 1);
  const std::uint64_t second = log.open({0, 1, 1, 0}, {42, 1000, "h"}, 2);
  (void)log.open({0, 2, 1, 0}, {43, 1001, "h"}, 3);
  (void)log.open({0, 3, 1, 0}, {}, 4);
  ASSERT_NE(log.of_job(42), nullptr);
  EXPECT_EQ(log.of_job(42)->serial, second) << "tried again, and crashed again";
  EXPECT_EQ(log.of_job(42)->uid, 1000U);
  EXPECT_EQ(log.of_job(44), nullptr);
  EXPECT_EQ(log.of_job(0), nullptr) << "no job is no job's";
}

TEST(IncidentLog, ASharedStackIsTheFirstOnesAsLongAsThatIsThere) {
  const auto ledger = std::make_unique<shm::LedgerRecord>();
  IncidentLog log(*ledger);
  const std::uint64_t first = log.open({0, 0, 1, 0}, {}, 1);
  log.set_stack(first, "#0 lib.so+0x1\n", "#0 lib.so+0x1\n#1 more\n");
  const std::uint64_t second = log.open({0, 0, 2, 0}, {}, 2);
  log.share_stack(second, first);
  log.set_stack(first, "#0 resize (resize.cc:88)\n", {});
  EXPECT_STREQ(log.stack_of(*log.find(second)), "#0 resize (resize.cc:88)\n") << "its names came later";
  EXPECT_EQ(log.find(second)->same_as, first);
  ledger->incidents[first].serial = first + shm::kLedgerIncidents;  // it made room
  EXPECT_STREQ(log.stack_of(*log.find(second)), "#0 lib.so+0x1\n");
}

TEST(IncidentLog, AHalfWrittenIncidentIsNone) {
  const auto ledger = std::make_unique<shm::LedgerRecord>();
  IncidentLog log(*ledger);
  (void)log.open({0, 0, 1, 0}, {0, shm::kNoUid, "h"}, 1);
  const std::uint64_t second = log.open({0, 0, 2, 0}, {0, shm::kNoUid, "h"}, 2);
  ledger->incidents[second].serial = 0;  // a supervisor died while it wrote
  EXPECT_EQ(log.last(0, 8).size(), 1U);
}

}  // namespace
}  // namespace ringmaster::daemon
