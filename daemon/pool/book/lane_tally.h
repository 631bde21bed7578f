#pragma once

#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// Adds what a worker has counted in its lane. A worker's word: any numbers, and sums that wrap.
void add_lane(shm::LedgerTally& tally, const shm::LaneRecord& lane) noexcept;

}  // namespace ringmaster::daemon
