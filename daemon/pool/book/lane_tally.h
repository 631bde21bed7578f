#pragma once

#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// Adds what a worker has counted in its lane. The worker is not trusted: any numbers may come, and sums may wrap.
void add_lane(shm::LedgerTally& tally, const shm::LaneRecord& lane) noexcept;

}  // namespace ringmaster::daemon
