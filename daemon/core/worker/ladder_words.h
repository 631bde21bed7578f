#pragma once

#include <optional>
#include <variant>

#include "daemon/core/types.h"
#include "shm/worker_end.h"

namespace ringmaster::core {

/// The longest grace of a forced cancel: a verdict has 16 bits for it.
inline constexpr Duration kLongestForcedGrace = std::chrono::seconds{60};

struct LadderConfig {
  Duration grace{};      ///< from the cancel word to the verdict, if the handler listens to cancel
  bool listens = false;  ///< the handler listens to cancel
  Duration capture_limit = std::chrono::seconds{1};        ///< the longest wait for a stack
  Duration tamper_grace = std::chrono::milliseconds{100};  ///< how long after a lost condemnation it is tried again
  Duration fault_limit = std::chrono::milliseconds{250};   ///< how long a worker may live after it has reported a fault
  Duration core_limit = std::chrono::seconds{60};          ///< the same while its core is being written
};

/// The events of a KillLadder and its effects.
struct LadderWords {
  struct DeadlineReached {};
  struct CancelRequested {
    /// With Cancelled a handler that does not listen to cancel only gets the cancel word, and runs on until its
    /// deadline. With Lost or PoolRemoved, when its pool ends, every job is ended.
    Cause as = Cause::Cancelled;
  };
  /// The client wants the job to end after this grace, whatever its handler does. The verdict is recorded at once, so
  /// that the job counts as cancelled even if its worker dies before.
  struct ForceRequested {
    Duration grace{};
  };
  struct ClientVanished {};  ///< nobody waits for the job: it gets the cancel word, but runs on until its deadline
  struct ViolationFound {};  ///< this worker's shared memory contradicts itself
  struct JobLeft {};         ///< a look found another intent, or none
  struct WatcherWasLate {
    Duration by;
  };
  struct TimerFired {};  ///< `next_timer()` has passed (harmless when it has not)
  struct VerdictWritten {};
  struct CondemnWon {};
  struct CondemnLost {};
  struct LaneReread {
    std::optional<shm::Intent> intent;
  };
  struct CaptureEnded {};  ///< captured, failed or given up
  struct FaultSaid {};     ///< the worker's fault handler has reported a fault
  struct DumpsCore {};     ///< instead of TimerFired for a faulted worker: the kernel is writing its core
  struct WorkerFenced {};  ///< the worker is reaped and none of its children is left; also if it died by itself
  using Event = std::variant<DeadlineReached, CancelRequested, ForceRequested, ClientVanished, ViolationFound, JobLeft,
                             WatcherWasLate, TimerFired, VerdictWritten, CondemnWon, CondemnLost, LaneReread,
                             CaptureEnded, FaultSaid, WorkerFenced, DumpsCore>;

  struct SetCancelWord {
    friend bool operator==(const SetCancelWord&, const SetCancelWord&) = default;
  };
  struct WriteVerdict {  ///< into the ledger; answered with VerdictWritten where it is the last effect
    shm::Verdict verdict;
    friend bool operator==(const WriteVerdict&, const WriteVerdict&) = default;
  };
  struct SetHold {
    friend bool operator==(const SetHold&, const SetHold&) = default;
  };
  struct CondemnSlot {  ///< CAS Running → Condemned; answer CondemnWon or CondemnLost
    friend bool operator==(const CondemnSlot&, const CondemnSlot&) = default;
  };
  struct RereadLane {  ///< try the CAS again, then read the lane; answer CondemnWon or LaneReread
    friend bool operator==(const RereadLane&, const RereadLane&) = default;
  };
  struct ReleaseHold {
    friend bool operator==(const ReleaseHold&, const ReleaseHold&) = default;
  };
  struct WithdrawVerdict {  ///< the job ended in time: clear the ledger's verdict, before the hold is released
    friend bool operator==(const WithdrawVerdict&, const WithdrawVerdict&) = default;
  };
  struct SpareTakesOver {
    friend bool operator==(const SpareTakesOver&, const SpareTakesOver&) = default;
  };
  struct CaptureStack {  ///< answer CaptureEnded
    friend bool operator==(const CaptureStack&, const CaptureStack&) = default;
  };
  struct LetGo {  ///< let a faulted worker end
    friend bool operator==(const LetGo&, const LetGo&) = default;
  };
  struct Kill {  ///< SIGKILL for the whole tree; WorkerFenced follows when the keeper reports the exit
    friend bool operator==(const Kill&, const Kill&) = default;
  };
  struct ReportProtocolViolation {  ///< close the job's session
    friend bool operator==(const ReportProtocolViolation&, const ReportProtocolViolation&) = default;
  };
  struct Settle {  ///< the job may be ended now; without a verdict the worker crashed by itself
    std::optional<shm::Verdict> verdict;
    friend bool operator==(const Settle&, const Settle&) = default;
  };
  using Effect =
      std::variant<SetCancelWord, WriteVerdict, SetHold, CondemnSlot, RereadLane, ReleaseHold, WithdrawVerdict,
                   SpareTakesOver, CaptureStack, LetGo, Kill, ReportProtocolViolation, Settle>;
};

}  // namespace ringmaster::core
