#include "tests/model/sets.h"

namespace ringmaster::model {
namespace {

// (a) One slot and two crashes of whomever.
Config one_slot() {
  return {.name = "one-slot",
          .about = "one slot, one worker with successors, a retry, two crashes of anyone",
          .jobs = 2,
          .incarnations = 3,
          .attempts = 2,
          .crashes = 2};
}

Config one_slot_deadline() {
  return {.name = "one-slot-deadline",
          .about = "one slot, a handler that may hang, a deadline that may race the end, two crashes of anyone",
          .incarnations = 5,
          .attempts = 2,
          .crashes = 2,
          .verdicts = 1,
          .hangs = 1,
          .expiries = 1,
          .children = true,
          .settles = false};
}

Config one_slot_forced() {
  return {.name = "one-slot-forced",
          .about = "one slot, a forced cancel whose grace may outlast the job, one crash of anyone",
          .jobs = 2,
          .incarnations = 4,
          .attempts = 2,
          .crashes = 1,
          .verdicts = 1,
          .forced = true,
          .hangs = 1,
          .settles = false};
}

Config one_slot_two_workers() {
  return {.name = "one-slot-two-workers",
          .about = "one slot, two workers that are not replaced, two jobs after each other, one crash, a cancel",
          .jobs = 2,
          .workers = 2,
          .attempts = 2,
          .crashes = 1,
          .cancels = 1,
          .settles = false};
}

Config settling() {
  Config set = one_slot_two_workers();
  set.name = "settling";
  set.about = "one slot, two workers, two jobs after each other: bits that lead to no job";
  set.crashes = set.cancels = 0;
  set.settles = true;
  return set;
}

// (b) Two slots with bitmaps, two workers, one crash.
Config two_slots() {
  return {.name = "two-slots",
          .about = "two slots of one session, two workers that are not replaced, one crash of a worker",
          .slots = 2,
          .jobs = 2,
          .workers = 2,
          .attempts = 2,
          .crashes = 1,
          .client_crashes = false,
          .supervisor_crashes = false,
          .settles = false};
}

Config two_slots_any_crash() {
  Config set = two_slots();
  set.name = "two-slots-any-crash";
  set.about = "two slots of one session, one worker with successors, two crashes of anyone";
  set.workers = 1;
  set.incarnations = 3;
  set.crashes = 2;
  set.client_crashes = set.supervisor_crashes = true;
  return set;
}

Config two_sessions() {
  return {.name = "two-sessions",
          .about = "two sessions, the second is cold, two workers that spin, the first session's job never ends",
          .sessions = 2,
          .workers = 2,
          .crashes = 0,
          .spin = true,
          .always_hot = 1,
          .collects = false,
          .first_job_hangs = true};
}

Config told_of() {
  Config set = two_sessions();
  set.name = "told-of";
  set.about =
      "two sessions, the second is the supervisor's own and cold, two workers, the first session's job never ends";
  set.spin = false;
  set.told_of = true;
  return set;
}

Config full_bells() {
  return {.name = "full-bells",
          .about = "two slots, two workers that are not replaced, bells that are full, one crash of a worker",
          .slots = 2,
          .jobs = 2,
          .workers = 2,
          .crashes = 1,
          .client_crashes = false,
          .supervisor_crashes = false,
          .full_bells = true,
          .collects = false};
}

Config two_threads() {
  return {.name = "two-threads",
          .about = "two threads of one client that wait on one completion word, one worker, one crash of it",
          .slots = 2,
          .threads = 2,
          .incarnations = 2,
          .crashes = 1,
          .client_crashes = false,
          .supervisor_crashes = false,
          .settles = false};
}

Config spinning() {
  return {.name = "spinning",
          .about = "two workers that spin before they sleep and are not replaced, one crash of a worker",
          .jobs = 2,
          .workers = 2,
          .attempts = 2,
          .crashes = 1,
          .client_crashes = false,
          .supervisor_crashes = false,
          .spin = true};
}

Config standby() {
  return {.name = "standby",
          .about = "two sessions, two workers that stream and stand by, the first session's job never ends",
          .sessions = 2,
          .workers = 2,
          .standby = true,
          .streamers = 2,
          .collects = false,
          .first_job_hangs = true};
}

Config standby_crash() {
  return {.name = "standby-crash",
          .about = "one slot, two workers that stream and stand by and are not replaced, one crash of a worker",
          .workers = 2,
          .attempts = 2,
          .crashes = 1,
          .client_crashes = false,
          .supervisor_crashes = false,
          .standby = true};
}

Config tampering() {
  return {.name = "tampering",
          .about = "an honest session and one that overwrites its slot word, one worker, a deadline",
          .sessions = 2,
          .incarnations = 3,
          .verdicts = 1,
          .tampers = 2,
          .settles = false};
}

Config one_worker_left() {
  return {.name = "one-worker-left",
          .about = "one slot, two workers of which one dies and is not replaced",
          .workers = 2,
          .attempts = 2,
          .crashes = 1,
          .client_crashes = false,
          .supervisor_crashes = false};
}

Config wake_only() {
  return {.name = "wake-only", .about = "one slot, one worker, no crash: the two sleeping places alone", .jobs = 2};
}

}  // namespace

std::vector<Config> ci_sets() {
  return {wake_only(),
          one_slot(),
          one_slot_deadline(),
          one_slot_forced(),
          one_slot_two_workers(),
          settling(),
          two_slots(),
          two_slots_any_crash(),
          two_sessions(),
          told_of(),
          full_bells(),
          two_threads(),
          spinning(),
          standby(),
          standby_crash(),
          one_worker_left(),
          tampering()};
}

std::vector<Config> small_sets() { return {wake_only(), one_slot(), two_threads()}; }

std::vector<Config> large_sets() {
  Config three_crashes = one_slot_deadline();
  three_crashes.name = "large-one-slot-three-crashes";
  three_crashes.jobs = 2;
  three_crashes.crashes = 3;
  three_crashes.incarnations = 3;
  Config any_crash = two_slots();
  any_crash.client_crashes = any_crash.supervisor_crashes = true;
  any_crash.settles = true;
  any_crash.name = "large-two-slots-any-crash";
  Config spin = two_slots();
  spin.name = "large-two-slots-spinning";
  spin.spin = spin.settles = true;
  Config threads = two_threads();
  threads.name = "large-two-threads-two-workers";
  threads.workers = 2;
  threads.settles = true;
  Config sessions = two_sessions();
  sessions.name = "large-two-sessions-crash";
  sessions.crashes = 1;
  sessions.workers = 3;
  sessions.client_crashes = sessions.supervisor_crashes = false;
  sessions.first_job_hangs = false;
  sessions.spin = false;
  Config tamper = tampering();
  tamper.name = "large-tampering-crash";
  tamper.crashes = 1;
  tamper.hangs = 1;
  Config both_stream = standby();
  both_stream.name = "large-standby-both-stream";
  both_stream.streamers = 2;
  both_stream.spin = true;
  return {both_stream, three_crashes, any_crash, spin, threads, sessions, tamper};
}

Config set_for(Mutation mutation) {
  Config set = wake_only();
  switch (mutation) {
    case Mutation::None:
    case Mutation::MaskReadBeforePublish:
    case Mutation::ClientStoreDelayed:
    case Mutation::WorkerStoreDelayed:
    case Mutation::DoneBitAfterWake:
    case Mutation::SettleWithoutRecheck:
    case Mutation::SettleForgets:
    case Mutation::FullBellIsSilent:
      break;
    case Mutation::ChainSkipsToldOf:
      set = told_of();
      break;
    case Mutation::IntentAfterClaim:
    case Mutation::ReaperLeavesWord:
    case Mutation::NoIncarnation:
      set = one_slot();
      break;
    case Mutation::KillBeforeVerdict:
    case Mutation::ReclaimWithoutFence:
    case Mutation::HoldAfterFailedCondemn:
    case Mutation::OneCondemn:
    case Mutation::SuccessorDoesNotRepair:
      set = one_slot_deadline();
      break;
    case Mutation::ReaperForgetsVerdict:
    case Mutation::ReaperTakesAnyVerdict:
      set = one_slot_forced();
      break;
    case Mutation::ReaperDoesNotRing:
      set = one_worker_left();
      break;
    case Mutation::ReaperLeavesMasks:
      set = one_worker_left();
      set.spin = true;
      break;
    case Mutation::ClearWithoutRecheck:
      set = settling();
      set.settles = false;
      break;
    case Mutation::WakeOne:
    case Mutation::CollectWithoutLock:
      set = two_threads();
      set.crashes = 0;
      break;
    case Mutation::ChainOwnSession:
      set = two_sessions();
      set.always_hot = kMaxSessions;
      break;
    case Mutation::ChainHotOnly:
      set = two_sessions();
      break;
    case Mutation::NoSecondLook:
      set = two_sessions();
      set.workers = 1;
      set.first_job_hangs = false;
      break;
    case Mutation::OneSharedBit:
      set = two_sessions();
      set.spin = false;
      break;
    case Mutation::StandbySleepsOn:
    case Mutation::StandbyLeavesBlindly:
    case Mutation::StandbyKeepsWord:
      set = standby();
      break;
    case Mutation::ReaperLeavesRoles:
      set = standby_crash();
      break;
    case Mutation::LostWordTakenForHold:
    case Mutation::ClaimIgnoresHold:
    case Mutation::KillOnCasAlone:
    case Mutation::OwnerFromSlotWord:
      set = tampering();
      break;
  }
  set.mutation = mutation;
  return set;
}

}  // namespace ringmaster::model
