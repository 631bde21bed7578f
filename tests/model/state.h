#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tests/model/config.h"

namespace ringmaster::model {

/// The slot word's states. Invalid is 0, as in shared memory.
enum class Phase : uint8_t { Invalid, Free, Ready, Running, Condemned, Done, Failed, Cancelled };

[[nodiscard]] inline bool terminal(Phase phase) { return phase >= Phase::Done; }

/// The one word that is true. Compared and exchanged as a whole.
struct Word {
  Phase phase = Phase::Invalid;
  uint8_t seq = 0;
  uint8_t attempt = 0;
  uint8_t worker = 0;
  uint8_t incarnation = 0;
  bool operator==(const Word&) const = default;
};

struct Slot {
  Word word;
  uint8_t descriptor = 0;     // the seq whose descriptor lies there
  uint8_t result_seq = 0;     // whose result bytes lie there
  uint8_t result_worker = 0;  //   and who wrote them
  uint8_t result_incarnation = 0;
  uint8_t ended = 0;      // ghost: the last seq that had its terminal transition
  uint8_t expected = 0;   // client-private: the seq in flight here, 0 for none
  uint8_t submitter = 0;  // client-private: the thread that waits for it
};

struct Session {
  uint8_t ready = 0;  // bit per slot
  uint8_t done = 0;
  uint8_t waiting = 0;   // the completion word's lowest bit; the count is in the threads' `current` flags
  uint8_t tampered = 0;  // ghost: its client wrote nonsense
  uint8_t dropped = 0;   // the supervisor has let its memory go
  uint8_t alive = 1;     // its client process
  uint8_t next_seq = 1;  // client-private
  uint8_t lock = 0;      // client-private: 1 + the thread that collects
};

enum class ClientAt : uint8_t {
  Next,
  ReadMasksFirst,
  Publish,
  SetReady,
  ReadSpin,
  ReadIdle,
  ReadStandby,
  Ring,
  RingAgain,
  ReadWord,
  Collect,
  Look,
  Release,
  Unlock,
  SetWaiting,
  FutexWait,
  Asleep,
  Finished,
  Gone,
};

struct Thread {
  ClientAt at = ClientAt::Next;
  uint8_t slot = 0;
  uint8_t jobs_left = 0;
  uint8_t current = 0;  // the completion word still has the count that this thread read
  uint8_t saw_waiting = 0;
  uint8_t found = 0;  // done bits it took
  uint8_t got_any = 0;
  uint8_t buffered = 0;    // store buffer: 1 + slot whose ready bit is not yet visible
  uint8_t ring_later = 0;  // MaskReadBeforePublish: what the early look decided
};

/// Killed: the signal is sent, the process may still do a few steps. Dead: it does none, its children may.
enum class Life : uint8_t { Absent, Alive, Killed, Dead, Fenced };

enum class WorkerAt : uint8_t {
  Scan,
  LookAtAll,
  ReadSlot,
  Intent,
  CheckHold,
  HeldClear,
  HeldWait,
  Claim,
  LateIntent,
  ClaimFailed,
  ClearReady,
  Recheck,
  SetReady,
  ChainSpin,
  ChainIdle,
  ChainStandby,
  ChainLook,
  ChainBits,
  ChainRing,
  ChainRingAgain,
  Run,
  Hung,
  Complete,
  SetDone,
  Bump,
  Wake,
  LateDone,
  ClearLane,
  FailedHold,
  Stopped,
  Drop,
  SetSpin,
  SpinScan,
  SpinFound,
  EndStream,
  EndCover,
  SetIdle,
  SeeStream,
  StandBy,
  SeeStreamAgain,
  LeaveStandby,
  ClearSpin,
  IdleScan,
  Settle,
  SettleRead,
  SettleClear,
  SettleRecheck,
  SettleSet,
  Called,
  CalledCovered,
  Sleep,
  Asleep,
  Napping,
  NapEnds,
  EndAnothers,
  RiseFromStandby,
  ClearIdle,
};

/// In `pending`: some bell has rung. A session's own bit says whose, where that makes a difference.
inline constexpr uint8_t kAnEdge = 0x80;
/// The supervisor has sent a message, which nobody but this worker can take.
inline constexpr uint8_t kCalled = 0x40;

/// A job as a lane or the ledger names it; slot 0 means none, else 1 + index.
struct JobName {
  uint8_t slot = 0;
  uint8_t seq = 0;
  bool operator==(const JobName&) const = default;
  [[nodiscard]] bool none() const { return slot == 0; }
  [[nodiscard]] int index() const { return slot - 1; }
};

struct Worker {
  Life life = Life::Absent;
  WorkerAt at = WorkerAt::Scan;
  uint8_t incarnation = 0;
  uint8_t session = 0;  // scan position
  uint8_t slot = 0;     // of the job in hand
  uint8_t seq = 0;
  uint8_t attempt = 0;
  uint8_t claimed = 0;
  uint8_t woke_waiter = 0;  // the completion word's waiting bit as fetch_add returned it
  uint8_t pending = 0;      // edges that epoll has not yet reported: kAnEdge, and a bit per cold session
  uint8_t buffered = 0;     // store buffer: the idle bit is not yet visible
  uint8_t dropped = 0;      // sessions it has detached, a bit each
  uint8_t hot = 0;          // sessions that it looks at each time, a bit each
  uint8_t standing_by = 0;
  uint8_t owes_look = 0;  // its spin bit was set since it last looked at all sessions
  uint8_t woken = 0;      // full_bells: by a bell, and has not yet looked which
  uint8_t hold = 0;       // control segment
  JobName lane{};
  uint8_t unnamed = 0;     // ghost: it died owning a job that its lane did not name
  uint8_t child_slot = 0;  // 1 + slot that a forked child may still write
  uint8_t child_seq = 0;
  uint8_t exited = 0;  // keeper: the incarnation whose exit is not acknowledged yet
  JobName old_lane{};  //   and its lane, kept until then
};

enum class SupervisorAt : uint8_t {
  Takeover,
  Idle,
  WriteVerdict,
  SetHold,
  Condemn,
  Kill,
  LookLane,
  LateHold,
  ReleaseHold,
  ReleaseVerdict,
  BlameSession,
  Fence,
  ReadLane,
  Resolve,
  Audit,
  SetReady,
  SetDone,
  Bump,
  Wake,
  ClearMasks,
  Ring,
  Spawn,
  Acknowledge,
  EndSlots,
  EndLanes,
  EndDrop,
  EarlyKill,
};

enum class Task : uint8_t { None, Repair, Reap, Expire };

struct Supervisor {
  SupervisorAt at = SupervisorAt::Takeover;
  Task task = Task::None;
  uint8_t worker = 0;
  uint8_t position = 0;  // slot or session or worker it is at
  uint8_t grace_over = 0;
  uint8_t condemned = 0;  // its CAS succeeded
  JobName job{};
  uint8_t restore_ready = 0;  // bit per slot of all sessions
  uint8_t restore_done = 0;
};

/// One protocol state: everything that is in shared memory, in the ledger, in the kernel and in private memory.
struct State {
  std::array<Slot, kMaxSlots> slots;
  std::array<Session, kMaxSessions> sessions;
  std::array<Thread, kMaxThreads> threads;
  std::array<Worker, kMaxWorkers> workers;
  Supervisor supervisor;
  std::array<JobName, kMaxWorkers> verdicts;  // ledger
  uint8_t idle_mask = 0;                      // board
  uint8_t spin_mask = 0;
  uint8_t standby = 0;     // 1 + worker
  uint8_t streamer = 0;    // 1 + worker
  uint8_t shared_hot = 0;  // OneSharedBit: a bit per session, on the board
  uint8_t shot = 0;        // ghost, bit per worker: the supervisor killed it for its job, and has not replaced it yet
  uint8_t crashes = 0;     // budgets left
  uint8_t verdicts_left = 0;
  uint8_t hangs = 0;
  uint8_t expiries = 0;
  uint8_t cancels = 0;
  uint8_t tampers = 0;
};
static_assert(std::is_trivially_copyable_v<State>);
static_assert(std::has_unique_object_representations_v<State>, "states are compared and hashed as bytes");

[[nodiscard]] inline bool has(uint8_t bits, int index) { return ((bits >> index) & 1) != 0; }
inline void set(uint8_t& bits, int index) { bits = static_cast<uint8_t>(bits | (1 << index)); }
inline void clear(uint8_t& bits, int index) { bits = static_cast<uint8_t>(bits & ~(1 << index)); }
[[nodiscard]] inline uint8_t u8(int value) { return static_cast<uint8_t>(value); }

[[nodiscard]] State initial_state(const Config& config);

}  // namespace ringmaster::model
