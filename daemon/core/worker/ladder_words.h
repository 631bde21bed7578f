#pragma once

#include <optional>
#include <variant>

#include "daemon/core/types.h"
#include "shm/worker_end.h"

namespace ringmaster::core {

struct LadderConfig {
  Duration grace{};      ///< between the cancel word and the verdict; only where the handler listens
  bool listens = false;  ///< the handler looks at its cancel word
  Duration capture_limit = std::chrono::seconds{1};        ///< the longest wait for a stack
  Duration tamper_grace = std::chrono::milliseconds{100};  ///< "one grace later" of a lost condemnation
  Duration fault_limit = std::chrono::milliseconds{250};   ///< the longest life of a worker that has said "fault"
  Duration core_limit = std::chrono::seconds{60};          ///< the same while its core is being written
};

/// What a KillLadder is told, and what it wants done.
struct LadderWords {
  struct DeadlineReached {};
  struct CancelRequested {
    /// Cancelled: a handler that does not listen is told, and lives on until its deadline. Lost, when the daemon stops,
    /// spares nobody.
    Cause as = Cause::Cancelled;
  };
  struct ClientVanished {};  ///< nobody waits: the job is told, but lives on until its deadline
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
  struct FaultSaid {};     ///< the worker's fault handler has spoken
  struct DumpsCore {};     ///< in place of TimerFired, of a faulted worker: the kernel writes its core
  struct WorkerFenced {};  ///< reaped, and no child of it is left; also when it died by itself
  using Event = std::variant<DeadlineReached, CancelRequested, ClientVanished, ViolationFound, JobLeft, WatcherWasLate,
                             TimerFired, VerdictWritten, CondemnWon, CondemnLost, LaneReread, CaptureEnded, FaultSaid,
                             WorkerFenced, DumpsCore>;

  struct SetCancelWord {
    friend bool operator==(const SetCancelWord&, const SetCancelWord&) = default;
  };
  struct WriteVerdict {  ///< into the ledger; answer VerdictWritten
    shm::Verdict verdict;
    friend bool operator==(const WriteVerdict&, const WriteVerdict&) = default;
  };
  struct SetHold {
    friend bool operator==(const SetHold&, const SetHold&) = default;
  };
  struct CondemnSlot {  ///< CAS Running → Condemned; answer CondemnWon or CondemnLost
    friend bool operator==(const CondemnSlot&, const CondemnSlot&) = default;
  };
  struct RereadLane {  ///< try the CAS again, for now it may succeed: answer CondemnWon, or LaneReread
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
  struct LetGo {  ///< a faulted worker need not wait any longer
    friend bool operator==(const LetGo&, const LetGo&) = default;
  };
  struct Kill {  ///< SIGKILL of the whole tree; the keeper's fence is answered with WorkerFenced
    friend bool operator==(const Kill&, const Kill&) = default;
  };
  struct ReportProtocolViolation {  ///< close the job's session
    friend bool operator==(const ReportProtocolViolation&, const ReportProtocolViolation&) = default;
  };
  struct Settle {  ///< the reaper may now end the job; no verdict: the worker crashed by itself
    std::optional<shm::Verdict> verdict;
    friend bool operator==(const Settle&, const Settle&) = default;
  };
  using Effect =
      std::variant<SetCancelWord, WriteVerdict, SetHold, CondemnSlot, RereadLane, ReleaseHold, WithdrawVerdict,
                   SpareTakesOver, CaptureStack, LetGo, Kill, ReportProtocolViolation, Settle>;
};

}  // namespace ringmaster::core
