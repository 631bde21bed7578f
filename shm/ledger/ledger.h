#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "shm/control_record.h"
#include "shm/layout.h"
#include "shm/ledger/delivered.h"
#include "shm/ledger/ledger_records.h"
#include "shm/port/reap.h"
#include "shm/slot_word.h"

/// What a successor must know: sessions, workers, verdicts, crash counts. One segment, mapped only by the supervisor
/// and kept by the keeper. There is one writer at a time (the keeper reaps a supervisor before it starts the next),
/// which may die at any instruction: a record's `state` is stored last when the record becomes valid, first when it
/// ends.
namespace ringmaster::shm {

inline constexpr std::uint32_t kLedgerCrashes = 1024;
inline constexpr std::uint32_t kLedgerIncidents = 128;

struct LedgerRecord {
  SegmentHeader header;
  alignas(kCacheLine) Word32 last_serial;
  Word32 supervisor_incarnation;
  std::uint64_t daemon_started_ns;
  Word64 jobs_lost;
  std::uint64_t daemon_id;  ///< shown to clients; a cold start, which loses all jobs, gets a new one
  Word32 stopping;          ///< not 0: the daemon was told to stop; a successor stops too
  Word32 last_pool_text;    ///< the last LedgerPool::text_serial
  Word64 last_incident;     ///< a serial; the incident with serial s lies at s % kLedgerIncidents
  std::uint64_t crash_uses;
  LedgerSession sessions[kMaxSessions];
  LedgerWorker workers[kMaxWorkers];
  LedgerCrash crashes[kLedgerCrashes];
  LedgerIncident incidents[kLedgerIncidents];
  DeliveredTable delivered;
  LedgerPool pools[kMaxPools];  ///< last, because the segment ends after the pools that there can be
};

/// The size of the segment for `pools` pools.
[[nodiscard]] constexpr std::uint64_t ledger_bytes(std::uint64_t pools) {
  return sizeof(LedgerRecord) - (kMaxPools - pools) * sizeof(LedgerPool);
}

/// For how many pools a segment of so many bytes has room. REQUIRES: bytes is at least ledger_bytes(0).
[[nodiscard]] constexpr std::uint64_t ledger_pools(std::uint64_t bytes) {
  return std::min<std::uint64_t>((bytes - ledger_bytes(0)) / sizeof(LedgerPool), kMaxPools);
}

/// nullptr: another layout, or too small for `pools`.
[[nodiscard]] LedgerRecord* open_ledger(std::span<std::byte> memory, std::uint64_t pools = kMaxPools) noexcept;
LedgerRecord* format_ledger(std::span<std::byte> memory) noexcept;

/// Writes a verdict, which is valid once verdict_intent is stored. False: there is one already, and the first one wins.
bool write_verdict(LedgerWorker& worker, const Verdict& verdict) noexcept;
void withdraw_verdict(LedgerWorker& worker) noexcept;
[[nodiscard]] std::optional<Verdict> standing_verdict(const LedgerWorker& worker) noexcept;

/// Adds one to the job's crash count, once per death of `worker`, and returns the count. When the table is full, the
/// job whose last crash is the oldest is forgotten (rare: a job is poison after a few crashes).
std::uint32_t count_crash(LedgerRecord& ledger, LedgerWorker& worker, std::uint64_t job_id,
                          std::uint16_t detail) noexcept;
/// Forgets a job that has ended.
void forget_crashes(LedgerRecord& ledger, std::uint64_t job_id) noexcept;

/// The tally that is valid now.
[[nodiscard]] LedgerTally& tally_of(LedgerPool& pool) noexcept;
/// Counts a death: `add` changes a copy of the tally, and the copy then becomes the valid one. Once per death: false,
/// without calling `add`, if a predecessor has counted it already.
template <typename Add>
bool book_death(LedgerPool& pool, Owner owner, Add&& add) {
  const std::uint64_t key = std::uint64_t{owner.worker & 0xFFFU} << 44 | std::uint64_t{owner.incarnation & 0xFFFU}
                                                                             << 32;
  const std::uint64_t published = pool.published.load(std::memory_order_relaxed);
  if (published >> 32 == key >> 32) return false;
  const std::uint64_t other = (published & 1) ^ 1;
  pool.tally[other] = pool.tally[published & 1];
  add(pool.tally[other]);
  pool.published.store(key | other, std::memory_order_release);  // SYNC: after the counts, for a successor.
  return true;
}

}  // namespace ringmaster::shm
