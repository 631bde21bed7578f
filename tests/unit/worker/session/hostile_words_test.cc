#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "tests/unit/shm/fixture.h"
#include "worker/session/session_table.h"

namespace ringmaster::worker {
namespace {

constexpr std::uint16_t kIndex = 3;
constexpr std::uint32_t kSlots = 64;
constexpr int kMostLooks = static_cast<int>(kSlots) + 2;

enum class End { Sleeps, Reports, StaysAwake };

// An idle worker before the words of one session, as a hostile client has left them.
class IdleWorker {
 public:
  IdleWorker() : world_(kSlots), worker_(world_, {5, 6}, 0) {
    auto session = std::make_unique<AttachedSession>();
    session->about.index = kIndex;
    session->about.serial = 7;
    session->port = worker_.session;
    table_.add(std::move(session));
  }

  /// What WorkerLoop does without a ring: claim, then the look before the sleep.
  End rest() {
    for (int look = 0; look < kMostLooks; ++look) {
      shm::Claim claimed;
      AttachedSession* from = nullptr;
      switch (table_.claim_next(worker_.self, ++now_, claimed, from)) {
        case shm::ClaimStatus::Claimed:
          if (!run(*from, claimed)) return End::Reports;
          continue;
        case shm::ClaimStatus::Tampered:
          EXPECT_EQ(from, table_.at(kIndex));
          return End::Reports;
        case shm::ClaimStatus::Held:
          ADD_FAILURE() << "held";
          return End::StaysAwake;
        case shm::ClaimStatus::Nothing:
          break;
      }
      if (!table_.look_at_all(++now_) || !table_.settle()) return End::Sleeps;
    }
    return End::StaysAwake;
  }

  [[nodiscard]] bool sees_work() const {
    return table_.may_have_work() || table_.next_is_ready() || table_.has_ready_job();
  }
  [[nodiscard]] testing::World& world() { return world_; }
  [[nodiscard]] AttachedSession& session() { return *table_.at(kIndex); }

 private:
  bool run(const AttachedSession& session, const shm::Claim& claimed) {
    const bool ok = shm::locate(session.port, claimed).ok;
    shm::JobResult result;
    if (!ok) {
      result.state = shm::SlotState::Failed;
      result.cause = Cause::Invalid;
    }
    EXPECT_EQ(shm::finish(worker_.self, session.port, claimed, result, ++now_), shm::FinishStatus::Finished);
    return ok;
  }

  testing::World world_;
  testing::Worker worker_;
  SessionTable table_;
  std::uint64_t now_ = 10 * SessionTable::kHotForNs;
};

void store_bit(shm::Word64* bits, std::uint32_t slot, bool on) {
  const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
  bits[slot / 64].store(on ? bits[slot / 64].load() | bit : bits[slot / 64].load() & ~bit);
}

std::string text_of(std::uint64_t word, int places) {
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(word));
  return std::string("word ") + text + ", places " + std::to_string(places);
}

TEST(HostileWords, NoStateOfOneSlotKeepsAnIdleWorkerAwake) {
  constexpr std::uint32_t kSlot = 5;
  for (std::uint64_t state = 0; state < 16; ++state) {
    for (const std::uint64_t seq : {0x0ULL, 0x1ULL, 0xFFFFFFFFULL}) {
      for (const std::uint64_t attempt : {0ULL, 1ULL, 15ULL}) {
        for (const std::uint64_t low : {0x0ULL, 0x1ULL, 0x5006ULL, 0xFFFFFFULL}) {
          for (int places = 0; places < 16; ++places) {
            const std::uint64_t word = seq << 32 | state << 28 | attempt << 24 | low;
            SCOPED_TRACE(text_of(word, places));
            IdleWorker idle;
            const shm::ReplyView& reply = idle.world().reply;
            const bool hinted = (places & 1) != 0;
            reply.word(kSlot).store(word);
            store_bit(reply.ready().bits, kSlot, hinted);
            store_bit(reply.done().bits, kSlot, (places & 2) != 0);
            if ((places & 4) != 0) idle.session().port.cursor = kSlot;
            if ((places & 8) != 0) idle.world().request.descriptor(kSlot).seq = static_cast<std::uint32_t>(seq);
            const End end = idle.rest();
            ASSERT_NE(end, End::StaysAwake);
            const shm::SlotWord seen(word);
            const bool must_report = hinted && !seen.is_possible();
            const bool must_sleep = !hinted && seen.state() != shm::SlotState::Ready;
            ASSERT_TRUE(!must_report || end == End::Reports) << "never ignored while a hint points to it";
            ASSERT_TRUE(!must_sleep || end == End::Sleeps);
            ASSERT_TRUE(end == End::Reports || !idle.sees_work());
          }
        }
      }
    }
  }
}

TEST(HostileWords, NoStateOfAWholeSessionKeepsAnIdleWorkerAwake) {
  int slept = 0;
  int reported = 0;
  for (std::uint32_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    IdleWorker idle;
    const shm::ReplyView& reply = idle.world().reply;
    const shm::RequestView& request = idle.world().request;
    // From words of which nearly all can be to words that are noise: else the first one would end every run.
    const unsigned noise = seed % 40;
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      const std::uint64_t drawn = random();
      const auto seq = static_cast<std::uint32_t>(drawn >> 32);
      const shm::SlotWord plausible =
          (drawn & 7) < 2   ? shm::SlotWord::ready(seq | 1, (drawn >> 8) & 3)
          : (drawn & 7) < 4 ? shm::SlotWord::owned(seq | 1, shm::SlotState::Running, 0, {9, 9})
          : (drawn & 7) < 6 ? shm::SlotWord::terminal(seq | 1, shm::SlotState::Done, 0, Cause::Completed)
                            : shm::SlotWord::free_slot(seq);
      reply.word(slot).store(random() % 1000 < noise ? random() : plausible.bits());
      shm::JobDescriptor& job = request.descriptor(slot);
      job.seq = shm::SlotWord(reply.word(slot).load()).seq();
      if (random() % 1000 < noise) std::memset(static_cast<void*>(&job), static_cast<int>(random()), sizeof job);
      request.cancel(slot).store(static_cast<std::uint32_t>(random()));
    }
    reply.ready().bits[0].store(random());
    reply.done().bits[0].store(random());
    reply.done().event->store(static_cast<std::uint32_t>(random()));
    reply.queue_full().store(random());
    idle.session().port.cursor = static_cast<std::uint32_t>(random() % kSlots);
    const End end = idle.rest();
    ASSERT_NE(end, End::StaysAwake);
    ASSERT_TRUE(end == End::Reports || !idle.sees_work());
    ++(end == End::Sleeps ? slept : reported);
  }
  EXPECT_GT(slept, 100);
  EXPECT_GT(reported, 100);
}

TEST(HostileWords, BitsThatAreSetAgainAndAgainPutOffNoSleep) {
  IdleWorker idle;
  const shm::ReplyView& reply = idle.world().reply;
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    reply.word(slot).store(shm::SlotWord::terminal(slot + 1, shm::SlotState::Done, 0, Cause::Completed).bits());
  }
  for (int times = 0; times < 100; ++times) {
    reply.ready().bits[0].store(~std::uint64_t{0});
    ASSERT_EQ(idle.rest(), End::Sleeps);
    EXPECT_FALSE(idle.sees_work());
    reply.ready().bits[0].store(~std::uint64_t{0});
    EXPECT_FALSE(shm::settle(idle.session().port)) << "the look before the sleep goes by the words";
  }
}

TEST(HostileWords, AJobBehindABitIsSeenByTheLookBeforeTheSleep) {
  IdleWorker idle;
  ASSERT_EQ(idle.rest(), End::Sleeps);
  idle.world().submit();
  EXPECT_TRUE(shm::settle(idle.session().port));
  EXPECT_EQ(idle.rest(), End::Sleeps) << "it was run";
}

}  // namespace
}  // namespace ringmaster::worker
