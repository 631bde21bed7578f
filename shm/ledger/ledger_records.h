#pragma once

#include <cstdint>

#include "shm/control_record.h"
#include "shm/histogram.h"
#include "shm/layout.h"

/// The records of the ledger, byte for byte: session, worker, a job's crashes, pool, incident. Drawn in shm/DESIGN.md;
/// change both together.
namespace ringmaster::shm {

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
  std::uint32_t shortest_run_ms;  ///< the shortest run timeout that the client declared; 0: the pool's
  std::uint32_t supervisor;       ///< 0: the session is a client's; else: of the supervisor with this incarnation
  std::uint32_t drain_seq;        ///< the last job that its pool's drain still runs
  Word32 drain_serial;            ///< drain_seq counts only if this is the session's serial
  char client[96];                ///< the name that the client gives itself; clean text, ends with 0
  std::uint64_t opened_ns;        ///< CLOCK_MONOTONIC
};
static_assert(sizeof(LedgerSession) == 176);

struct LedgerWorker {
  Word32 state;
  std::uint32_t pool;
  std::uint32_t place;
  std::uint32_t incarnation;
  std::uint32_t pid;
  std::uint32_t flags;          ///< kLedgerSpare, kLedgerReady, and from bit kLedgerKillShift on why it is killed
  Word64 seen_intent;           ///< the intent last seen in its lane
  std::uint64_t first_seen_ns;  ///< CLOCK_MONOTONIC, by the supervisor's clock
  Word64 verdict_intent;        ///< not 0: there is a verdict on this job; stored last
  std::uint32_t verdict_cause;  ///< Cause
  std::uint32_t verdict_detail;
  Word64 counted_job;  ///< the job whose crash was counted for this incarnation's death; 0: none yet
  std::uint64_t started_ns;
};
static_assert(sizeof(LedgerWorker) == 72);
inline constexpr std::uint32_t kLedgerSpare = 1;
inline constexpr std::uint32_t kLedgerReady = 2;
/// In the eight bits from here on: 0, or 1 + the DeathKind for which a supervisor has ordered the kill.
inline constexpr std::uint32_t kLedgerKillShift = 8;

struct LedgerCrash {
  Word64 job_id;  ///< 0: empty place
  std::uint32_t count;
  std::uint32_t last_detail;
  std::uint64_t last_use;  ///< counted in LedgerRecord::crash_uses: the lowest is forgotten first
};

/// What a pool's dead workers have done, and how their jobs ended. The lanes of the living workers are added to it.
struct LedgerTally {
  std::uint64_t done, failed, crashed, timed_out, cancelled, lost, refused;
  std::uint64_t starts, deaths, kills, retries, missed_wakes;
  std::uint64_t waited;                              ///< jobs that were claimed after all workers had been busy
  std::uint64_t queue_full;                          ///< submits refused because the queue was full
  std::uint64_t left_ended, left_kept, left_reaped;  ///< processes that jobs left behind
  std::uint64_t empty_rings;                         ///< rings of sessions' bells after which a worker found no job
  TimeCounts queue, run;                             ///< per attempt
};
static_assert(sizeof(LedgerTally) == 18 * 8 + 2 * sizeof(TimeCounts));

/// What a uid is charged with in a pool (daemon/core/pool/charge_sheet.h). `user` is stored as 0 first, and set last.
struct LedgerCharge {
  Word64 user;  ///< uid + 1; 0: empty place
  std::uint32_t deaths;
  std::uint32_t last_death;   ///< worker:16 | incarnation:16
  std::uint64_t clear_at_ns;  ///< CLOCK_MONOTONIC
  std::uint64_t refused_until_ns;
  std::uint32_t kind;    ///< of the last death, as the supervisor's policy numbers it
  std::uint32_t detail;  ///< its signal or exit code
  std::uint32_t by_signal;
  std::uint32_t reserved;
};
static_assert(sizeof(LedgerCharge) == 48);

/// Two tallies, of which one is valid. Single events are added to it in place. A death adds a whole lane: that is added
/// in the other tally, which `published` then makes the valid one.
struct LedgerPool {
  char name[64];
  Word32 drain;                 ///< LedgerDrain
  std::uint32_t queue_highest;  ///< the most jobs that were found waiting at once
  Word64
      published;  ///< bit 0: the valid tally; bits 32..55: worker:12 | incarnation:12 of the last death counted in it
  LedgerTally tally[2];
  LedgerCharge charges[kMaxCharges];
  Word32 state;               ///< LedgerPoolState; None: a pool of the configuration, or nobody's place
  std::uint32_t generation;   ///< how many created pools have had this place
  std::uint32_t owner;        ///< uid
  std::uint32_t text_serial;  ///< of its text and lifeline with the keeper; unique in the daemon's life
  std::uint32_t first_worker;
  std::uint32_t seats;
  Word32 workers;  ///< how many are to work now: at least << 16 | at most
  std::uint32_t reserved;
  std::uint64_t drain_until_ns;  ///< CLOCK_MONOTONIC; with Draining: its jobs are killed then
};
/// How far a created pool is. Stored before what the next supervisor has to do about it.
enum class LedgerPoolState : std::uint32_t {
  None = 0,
  Created = 1,   ///< nobody was told of it yet: undone
  Serving = 2,   ///< taken up
  Draining = 3,  ///< taken up, and drained further
  Removing = 4,  ///< nothing of it lives: let go of
};
enum class LedgerDrain : std::uint32_t { Running = 0, Draining = 1, Drained = 2 };

/// An unwanted death of a worker, or one that is about to come and whose stack is already known.
struct LedgerIncident {
  Word64 serial;        ///< from 1; 0 while the rest is written
  std::uint64_t at_ns;  ///< CLOCK_MONOTONIC
  std::uint32_t pool;
  std::uint32_t seat;
  std::uint32_t incarnation;
  Word32 closed;         ///< not 0: its process is dead; stored after kind, detail and cause
  std::uint32_t kind;    ///< of the death, as the supervisor's policy numbers it
  std::uint32_t detail;  ///< signal or exit code
  std::uint64_t job_id;  ///< 0: between jobs
  char cause[128];       ///< texts are clean and end with 0
  char handler[64];
  char stack[2048];       ///< the interesting frames, one per line; or why there are none
  char full_stack[2008];  ///< every frame
  char label[40];         ///< what the job's submitter calls it
  char core[96];          ///< says that a core was written, and where to look for it; empty: none was
  char what[192];  ///< what the worker's fault handler reported: address, uncaught exception; may hold private data
  std::uint64_t same_as;          ///< serial of a slightly earlier incident with the same stack
  std::uint32_t uid;              ///< of the job's submitter; kNoUid: not known
  std::uint32_t pool_generation;  ///< LedgerPool::generation: another pool may have its place by now
};
static_assert(sizeof(LedgerIncident) == 4640);
inline constexpr std::uint32_t kNoUid = 0xFFFFFFFF;

}  // namespace ringmaster::shm
