#pragma once

#include <cstdint>
#include <string_view>

namespace ringmaster::model {

inline constexpr int kMaxSessions = 2;
inline constexpr int kMaxSlots = 4;    // of all sessions together
inline constexpr int kMaxThreads = 2;  // client threads of all sessions together
inline constexpr int kMaxWorkers = 3;

/// One deliberate fault each. The model is useful only if it finds every one of them.
enum class Mutation : uint8_t {
  None,
  IntentAfterClaim,
  KillBeforeVerdict,
  MaskReadBeforePublish,
  ReclaimWithoutFence,
  ReaperDoesNotRing,
  ReaperLeavesWord,
  WakeOne,
  ChainOwnSession,
  NoIncarnation,
  LostWordTakenForHold,    // a failed completing CAS is always taken for a hold: the check "not held" is gone
  HoldAfterFailedCondemn,  // CAS Running -> Condemned first, hold only when it failed
  ClientStoreDelayed,      // the publishing store is not seq_cst: it may pass the mask read
  WorkerStoreDelayed,      // the idle bit's store is not seq_cst: it may pass the last scan
  ReaperLeavesMasks,       // the dead worker's spin bit stays set
  SuccessorDoesNotRepair,  // a successor does not re-create hints for what its predecessor ended
  OwnerFromSlotWord,       // the supervisor believes the owner bits, which a client can write
  ClearWithoutRecheck,     // a worker clears a ready bit and does not look at the slot again
  ClaimIgnoresHold,        // a worker does not look at hold between intent and claim
  KillOnCasAlone,          // no second look at the lane between a successful condemn and the kill
  OneCondemn,              // a verdict is not tried again before it is called a protocol violation
  CollectWithoutLock,      // threads of one client collect without excluding each other
  DoneBitAfterWake,        // the done bit is set after the completion word was changed and its waiters woken
  NoSecondLook,            // before it sleeps a worker looks at its hot sessions only
  OneSharedBit,            // a session that is hot for one worker is skipped by every other worker
  ChainHotOnly,            // a worker that spun wakes the next worker for its hot sessions only
  StandbySleepsOn,         // the standby worker sleeps until it is rung
  StandbyLeavesBlindly,    // a worker that stops standing by sleeps without another look
  StandbyKeepsWord,        // a standby worker that found work runs it and keeps the standby word
  ReaperLeavesRoles,       // a dead worker's words of streamer and standby stay
  SettleWithoutRecheck,    // the look before a sleep clears a stale bit and does not look at the slot again
  SettleForgets,           // the look before a sleep clears a bit without a look at its slot
  ChainSkipsToldOf,        // a worker wakes the next worker for its hot sessions, but not for the supervisor's session
  FullBellIsSilent,        // a ringer that finds the bell full takes it as rung
  ReaperForgetsVerdict,    // a job under a verdict is retried if its worker dies before it is held
  ReaperTakesAnyVerdict,   // the reaper believes a verdict that is about an earlier job
};

[[nodiscard]] std::string_view name_of(Mutation mutation);

/// The actors and limits of one exploration. Keep the numbers small: the state space grows with their product.
struct Config {
  std::string_view name;
  std::string_view about;

  int sessions = 1;
  int slots = 1;    // per session
  int threads = 1;  // client threads per session
  int jobs = 1;     // per client thread
  int workers = 1;
  int incarnations = 1;  // of each worker; 1: a dead one is not replaced (quarantine)
  int attempts = 1;      // of each job; 1: not idempotent

  // How often the environment may do each of these in one run, at most.
  int crashes = 0;  // of any of the following
  bool worker_crashes = true;
  bool client_crashes = true;
  bool supervisor_crashes = true;
  int verdicts = 0;     // a deadline that passes although the handler would have ended
  bool forced = false;  // verdicts are written a grace before the worker is held: it may end the job meanwhile
  int hangs = 0;        // a handler that never returns
  int expiries = 0;     // a queue deadline
  int cancels = 0;
  int tampers = 0;          // the last session's client writes nonsense into its slot words
  bool children = false;    // a worker may leave a forked child behind that writes on
  bool spin = false;        // workers spin before they sleep
  bool standby = false;     // workers leave their jobs to one that streams, while one stands by
  int streamers = 1;        // how many of them may stream: all are alike
  bool settles = true;      // before it sleeps a worker looks at the words behind the bits; else any bit keeps it awake
  bool told_of = false;     // the last session is the supervisor's own: it calls one idle worker and rings no bell
  bool full_bells = false;  // a bell may be full when it is rung: the ringer empties it first
  int always_hot = kMaxSessions;  // the number of sessions that a worker always looks at; it looks at the others when
                                  // they have work, and otherwise now and then
  bool collects = true;           // clients wait for their jobs and collect them; else the jobs' end is all that counts
  bool first_job_hangs = false;   // the first session's job never ends and has no deadline; all others must end

  Mutation mutation = Mutation::None;

  [[nodiscard]] int all_slots() const { return sessions * slots; }
  [[nodiscard]] int all_threads() const { return sessions * threads; }
  [[nodiscard]] int session_of_slot(int slot) const { return slot / slots; }
  [[nodiscard]] int session_of_thread(int thread) const { return thread / threads; }
  [[nodiscard]] bool is_told_of(int session) const { return told_of && session == sessions - 1; }
  [[nodiscard]] bool cold() const { return always_hot < sessions; }
  [[nodiscard]] bool mutated(Mutation which) const { return mutation == which; }
};

}  // namespace ringmaster::model
