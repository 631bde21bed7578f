#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "shm/layout.h"
#include "shm/reap.h"
#include "shm/slot_word.h"

/// The daemon's memory of itself: one segment that only the supervisor maps and the keeper holds, so that a successor
/// knows sessions, workers, verdicts and crash counts. One writer at a time (the keeper reaps a supervisor before it
/// starts the next); it may die at any instruction, so each record's `state` is stored last when it comes alive and
/// first when it goes.
namespace ringmaster {

enum class LedgerState : std::uint32_t { Empty = 0, Live = 1, Ending = 2 };

struct LedgerSession {
  Word32 state;
  std::uint32_t serial;
  std::uint32_t uid;
  std::uint32_t pool;
  std::uint32_t slots;
  std::uint32_t pid;
  std::uint64_t request_ring_bytes;
  std::uint64_t result_ring_bytes;
  std::uint64_t cookie[2];
  std::uint32_t shortest_run_ms;  ///< declared at open; 0: the pool's
  std::uint32_t supervisor;       ///< 0: a client's; else the incarnation of the supervisor that is its client
  std::uint32_t drain_seq;        ///< the last job that its pool's drain still runs
  Word32 drain_serial;            ///< the session that drain_seq is about; another one: not set
};
static_assert(sizeof(LedgerSession) == 72);

struct LedgerWorker {
  Word32 state;
  std::uint32_t pool;
  std::uint32_t place;
  std::uint32_t incarnation;
  std::uint32_t pid;
  std::uint32_t flags;          ///< kLedgerSpare, kLedgerReady
  Word64 seen_intent;           ///< the job last seen in its lane
  std::uint64_t first_seen_ns;  ///< CLOCK_MONOTONIC, the supervisor's own clock
  Word64 verdict_intent;        ///< not 0: sentenced; stored last
  std::uint32_t verdict_cause;  ///< Cause
  std::uint32_t verdict_detail;
  Word64 counted_job;  ///< the job whose crash was counted for this incarnation's death; 0: none yet
  std::uint64_t started_ns;
};
static_assert(sizeof(LedgerWorker) == 72);
inline constexpr std::uint32_t kLedgerSpare = 1;
inline constexpr std::uint32_t kLedgerReady = 2;

struct LedgerCrash {
  Word64 job_id;  ///< 0: empty place
  std::uint32_t count;
  std::uint32_t last_detail;
};

struct LedgerPool {
  char name[64];
  Word32 generation;
  std::uint32_t unproductive;
  std::uint64_t restarts;
  Word32 drain;  ///< LedgerDrain
};
enum class LedgerDrain : std::uint32_t { Running = 0, Draining = 1, Drained = 2 };

inline constexpr std::uint32_t kLedgerCrashes = 1024;

struct LedgerRecord {
  SegmentHeader header;
  alignas(kCacheLine) Word32 last_serial;
  Word32 supervisor_incarnation;
  std::uint64_t daemon_started_ns;
  Word64 jobs_lost;
  LedgerPool pools[kMaxPools];
  LedgerSession sessions[kMaxSessions];
  LedgerWorker workers[kMaxWorkers];
  LedgerCrash crashes[kLedgerCrashes];
};

[[nodiscard]] LedgerRecord* open_ledger(std::span<std::byte> memory) noexcept;
LedgerRecord* format_ledger(std::span<std::byte> memory) noexcept;

/// Writes a verdict; it stands once verdict_intent is stored. The first one wins: false, another stands already.
bool write_verdict(LedgerWorker& worker, const Verdict& verdict) noexcept;
void withdraw_verdict(LedgerWorker& worker) noexcept;
[[nodiscard]] std::optional<Verdict> standing_verdict(const LedgerWorker& worker) noexcept;

/// Adds one to the job's crash count, once per death of `worker`, and returns the count. The oldest idle place is taken
/// over when the table is full (a job is poison after three crashes, so the table is hardly ever more than a few deep).
std::uint32_t count_crash(LedgerRecord& ledger, LedgerWorker& worker, std::uint64_t job_id,
                          std::uint16_t detail) noexcept;
/// Forgets a job that has ended.
void forget_crashes(LedgerRecord& ledger, std::uint64_t job_id) noexcept;

}  // namespace ringmaster
