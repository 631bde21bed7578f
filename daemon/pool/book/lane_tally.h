#pragma once

#include "shm/ledger/ledger.h"

namespace ringmaster {

/// Adds what a worker has counted in its lane. A worker's word: any numbers, and sums that wrap.
void add_lane(LedgerTally& tally, const LaneRecord& lane) noexcept;

}  // namespace ringmaster
