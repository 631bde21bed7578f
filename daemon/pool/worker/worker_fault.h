#pragma once

#include <optional>

#include "daemon/incidents/stack_desk.h"
#include "daemon/pool/worker/pool_worker.h"

/// What a worker's fault handler has said, and the supervisor's side of its waiting (shm/DESIGN.md, fault A1 to A5).
namespace ringmaster::daemon {

/// The signal that the worker's lane names as its fault.
[[nodiscard]] std::optional<int> fault_signal(const shm::LaneRecord& lane);

/// As far as the lane tells: the message itself may have gone to a predecessor.
[[nodiscard]] std::optional<worker_link::Fault> said_fault(const PoolWorker& process);

/// Address or exception, in words; empty: there is nothing more to say than the signal.
[[nodiscard]] std::string words_of(const worker_link::Fault& fault);

/// What to capture of a process that faulted, or that is about to be killed. Without `process` and `job`.
[[nodiscard]] StackDesk::Order stack_order(const PoolWorker& process, const std::optional<worker_link::Fault>& fault,
                                           core::TimePoint now);

/// Its stack is taken, or will not be: it may die.
void let_go(shm::ControlRecord& control);

}  // namespace ringmaster::daemon
