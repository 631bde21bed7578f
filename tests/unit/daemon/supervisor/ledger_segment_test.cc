#include "daemon/supervisor/ledger_segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "shm/memfd.h"

namespace ringmaster::daemon {
namespace {

UniqueFd copy(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

LifeFacts life(std::uint32_t supervisor, std::uint64_t now_ns, bool cold = false) {
  return {.pools = 2, .supervisor = supervisor, .cold = cold, .now_ns = now_ns, .keeper_pid = 42};
}

TEST(LedgerSegment, OfASuccessorIsThatOfTheSameDaemon) {
  const auto first = LedgerSegment::open(UniqueFd(), life(1, 1000));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->fresh());
  EXPECT_EQ(first->record().daemon_started_ns, 1000U);
  const std::uint64_t id = first->record().daemon_id;
  first->record().stopping.store(1);

  const auto second = LedgerSegment::open(copy(first->fd()), life(2, 5000));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->fresh());
  EXPECT_EQ(second->record().daemon_id, id);
  EXPECT_EQ(second->record().daemon_started_ns, 1000U);
  EXPECT_EQ(second->record().supervisor_incarnation.load(), 2U);
  EXPECT_EQ(second->record().stopping.load(), 1U) << "it was told to stop, and died over it";
}

TEST(LedgerSegment, OfAColdStartIsAnotherDaemonsForItsClients) {
  const auto first = LedgerSegment::open(UniqueFd(), life(1, 1000));
  ASSERT_TRUE(first);
  const std::uint64_t id = first->record().daemon_id;
  first->record().stopping.store(1);
  const auto cold = LedgerSegment::open(copy(first->fd()), life(2, 5000, true));
  ASSERT_TRUE(cold);
  EXPECT_NE(cold->record().daemon_id, id);
  EXPECT_EQ(cold->record().stopping.load(), 0U);
  EXPECT_EQ(cold->record().daemon_started_ns, 1000U) << "its keeper has run all the time";
}

TEST(LedgerSegment, OfAnotherLayoutIsRefused) {
  const auto opened = LedgerSegment::open(*shm::create_segment("ledger", shm::ledger_bytes(2)), life(2, 5000));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "the ledger that was inherited has another layout");
}

}  // namespace
}  // namespace ringmaster::daemon
