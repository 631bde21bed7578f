#pragma once

#include "daemon/ports/control_types.h"
#include "daemon/ports/pool_gate.h"

namespace ringmaster {

namespace control::v1 {
class GetStack;
class Outcome;
}  // namespace control::v1

/// What a job's submitter may know of its worker's death, out of the ledger's incidents.

/// Into the outcome of a job that has ended: worker, handler and stack, if the job took its worker along.
void fill_death(LedgerRecord& ledger, std::uint64_t job_id, control::v1::Outcome& outcome);

/// Answers GetStack: at once, or when the stack's names are known.
void answer_stack(DaemonGate& daemon, const Peer& peer, const control::v1::GetStack& request, const Responder& respond);

}  // namespace ringmaster
