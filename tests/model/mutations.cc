#include <iterator>

#include "tests/model/sets.h"

// What the mutations are called, and what each of them breaks.

namespace ringmaster::model {

std::string_view name_of(Mutation mutation) {
  static constexpr std::string_view kNames[] = {
      "None",
      "IntentAfterClaim",
      "KillBeforeVerdict",
      "MaskReadBeforePublish",
      "ReclaimWithoutFence",
      "ReaperDoesNotRing",
      "ReaperLeavesWord",
      "WakeOne",
      "ChainOwnSession",
      "NoIncarnation",
      "LostWordTakenForHold",
      "HoldAfterFailedCondemn",
      "ClientStoreDelayed",
      "WorkerStoreDelayed",
      "ReaperLeavesMasks",
      "SuccessorDoesNotRepair",
      "OwnerFromSlotWord",
      "ClearWithoutRecheck",
      "ClaimIgnoresHold",
      "KillOnCasAlone",
      "OneCondemn",
      "CollectWithoutLock",
      "DoneBitAfterWake",
      "NoSecondLook",
      "OneSharedBit",
      "ChainHotOnly",
      "StandbySleepsOn",
      "StandbyLeavesBlindly",
      "StandbyKeepsWord",
      "ReaperLeavesRoles",
      "SettleWithoutRecheck",
      "SettleForgets",
      "ChainSkipsToldOf",
      "FullBellIsSilent",
      "ReaperForgetsVerdict",
      "ReaperTakesAnyVerdict",
  };
  static_assert(std::size(kNames) == static_cast<size_t>(Mutation::ReaperTakesAnyVerdict) + 1);
  return kNames[static_cast<size_t>(mutation)];
}

std::string_view violation_of(Mutation mutation) {
  switch (mutation) {
    case Mutation::None:
      return "";
    case Mutation::IntentAfterClaim:
      return "the reaper does not learn which job the dead worker had";
    case Mutation::KillBeforeVerdict:
      return "a job whose worker was killed for it is taken for a crashed one";
    case Mutation::ReclaimWithoutFence:
    case Mutation::NoIncarnation:
      return "result bytes written by a process that does not own the job (any more)";
    case Mutation::HoldAfterFailedCondemn:
      return "an honest client's session is dropped for tampering";
    case Mutation::ReaperForgetsVerdict:
      return "a job under a verdict is tried again";
    case Mutation::ReaperTakesAnyVerdict:
      return "a job is ended by a verdict on another";
    case Mutation::OneCondemn:
      return "an honest client's session is closed for tampering";
    case Mutation::OwnerFromSlotWord:
    case Mutation::ClaimIgnoresHold:
    case Mutation::KillOnCasAlone:
      return "a kill aimed at a worker that runs another job";
    case Mutation::MaskReadBeforePublish:
    case Mutation::ReaperDoesNotRing:
    case Mutation::ReaperLeavesWord:
    case Mutation::WakeOne:
    case Mutation::ChainOwnSession:
    case Mutation::LostWordTakenForHold:
    case Mutation::ClientStoreDelayed:
    case Mutation::WorkerStoreDelayed:
    case Mutation::ReaperLeavesMasks:
    case Mutation::SuccessorDoesNotRepair:
    case Mutation::ClearWithoutRecheck:
    case Mutation::CollectWithoutLock:
    case Mutation::DoneBitAfterWake:
    case Mutation::NoSecondLook:
    case Mutation::OneSharedBit:
    case Mutation::ChainHotOnly:
    case Mutation::StandbySleepsOn:
    case Mutation::StandbyLeavesBlindly:
    case Mutation::StandbyKeepsWord:
    case Mutation::ReaperLeavesRoles:
    case Mutation::SettleWithoutRecheck:
    case Mutation::SettleForgets:
    case Mutation::ChainSkipsToldOf:
    case Mutation::FullBellIsSilent:
      return "a state from which the jobs can not all be completed and collected (a lost wake)";
  }
  return "";
}

std::vector<Mutation> all_mutations() {
  std::vector<Mutation> all;
  for (auto i = static_cast<uint8_t>(Mutation::IntentAfterClaim);
       i <= static_cast<uint8_t>(Mutation::ReaperTakesAnyVerdict); ++i) {
    all.push_back(static_cast<Mutation>(i));
  }
  return all;
}

}  // namespace ringmaster::model
