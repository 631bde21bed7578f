#pragma once

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

/// The daemon's memory of itself: one segment that only the supervisor maps and the keeper holds, so that a successor
/// knows sessions, workers, verdicts and crash counts. One writer at a time (the keeper reaps a supervisor before it
/// starts the next); it may die at any instruction, so each record's `state` is stored last when it comes alive and
/// first when it goes.
namespace ringmaster::shm {

inline constexpr std::uint32_t kLedgerCrashes = 1024;
inline constexpr std::uint32_t kLedgerIncidents = 128;

struct LedgerRecord {
  SegmentHeader header;
  alignas(kCacheLine) Word32 last_serial;
  Word32 supervisor_incarnation;
  std::uint64_t daemon_started_ns;
  Word64 jobs_lost;
  std::uint64_t daemon_id;  ///< as clients see it: another one after a cold start, whose jobs are not the old ones
  Word32 stopping;          ///< not 0: it was told to stop; a successor stops too
  std::uint32_t reserved;
  Word64 last_incident;  ///< serial; serial s lies at s % kLedgerIncidents
  std::uint64_t crash_uses;
  LedgerSession sessions[kMaxSessions];
  LedgerWorker workers[kMaxWorkers];
  LedgerCrash crashes[kLedgerCrashes];
  LedgerIncident incidents[kLedgerIncidents];
  DeliveredTable delivered;
  LedgerPool pools[kMaxPools];  ///< the last, and only those that there are: the segment ends after them
};

/// How large the segment is for so many pools.
[[nodiscard]] constexpr std::uint64_t ledger_bytes(std::uint64_t pools) {
  return sizeof(LedgerRecord) - (kMaxPools - pools) * sizeof(LedgerPool);
}

/// nullptr: another layout, or too small for `pools`.
[[nodiscard]] LedgerRecord* open_ledger(std::span<std::byte> memory, std::uint64_t pools = kMaxPools) noexcept;
LedgerRecord* format_ledger(std::span<std::byte> memory) noexcept;

/// Writes a verdict; it stands once verdict_intent is stored. The first one wins: false, another stands already.
bool write_verdict(LedgerWorker& worker, const Verdict& verdict) noexcept;
void withdraw_verdict(LedgerWorker& worker) noexcept;
[[nodiscard]] std::optional<Verdict> standing_verdict(const LedgerWorker& worker) noexcept;

/// Adds one to the job's crash count, once per death of `worker`, and returns the count. When the table is full the job
/// that has not crashed for longest makes room (a job is poison after a few crashes, so the table is hardly ever deep).
std::uint32_t count_crash(LedgerRecord& ledger, LedgerWorker& worker, std::uint64_t job_id,
                          std::uint16_t detail) noexcept;
/// Forgets a job that has ended.
void forget_crashes(LedgerRecord& ledger, std::uint64_t job_id) noexcept;

/// The tally that counts.
[[nodiscard]] LedgerTally& tally_of(LedgerPool& pool) noexcept;
/// Counts a death: `add` is given a copy of the tally, which then becomes the one that counts. Once per death: false,
/// and `add` is not called, where a predecessor had got so far.
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
