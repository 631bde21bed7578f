#pragma once

#include <optional>

#include "daemon/incidents/stack_desk.h"
#include "daemon/pool/worker/pool_worker.h"

/// Reads what a worker's fault handler has reported, and lets the waiting process end (shm/DESIGN.md, A1 to A5).
namespace ringmaster::daemon {

/// The signal that the worker's lane names as its fault.
[[nodiscard]] std::optional<int> fault_signal(const shm::LaneRecord& lane);

/// The fault by the lane alone: the message may have gone to a predecessor.
[[nodiscard]] std::optional<worker_link::Fault> said_fault(const PoolWorker& process);

/// Address or exception, as text; empty: nothing is known but the signal.
[[nodiscard]] std::string words_of(const worker_link::Fault& fault);

/// The order to capture the stack of a process that faulted or is about to be killed. Leaves the order's `process` and
/// `job` unset.
[[nodiscard]] StackDesk::Order stack_order(const PoolWorker& process, const std::optional<worker_link::Fault>& fault,
                                           core::TimePoint now);

/// Lets the faulted worker die: its stack is taken, or will not be.
void let_go(shm::ControlRecord& control);

}  // namespace ringmaster::daemon
