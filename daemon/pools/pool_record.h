#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/pool/created_life.h"
#include "daemon/core/pool/pool_places.h"
#include "daemon/core/pool/worker_range.h"
#include "daemon/core/types.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// What the ledger says of one created pool, for a successor. Only the supervisor's one thread writes it, and may die
/// between any two stores: a record whose state is not None is whole.
class PoolRecord {
 public:
  PoolRecord(shm::LedgerRecord& ledger, std::uint32_t index) : ledger_(ledger), record_(ledger.pools[index]) {}

  /// A new pool takes the place: nothing that the one before has left is its own. The serial of its text.
  std::uint32_t begin(const core::PoolPlace& place, core::Uid owner, core::WorkerRange workers);
  /// What a successor is to do about it from now on.
  void note(core::CreatedLife::State state);
  /// In one store: a successor finds both ends of the same range.
  void note_workers(core::WorkerRange workers);
  /// For a drain: whatever runs is killed then. While it is Draining an earlier time stays; what is written before that
  /// counts for nothing until note(Draining) follows.
  void note_deadline(core::TimePoint until);
  /// Nobody has the place.
  void clear();

  /// nullopt: no pool of a client's.
  [[nodiscard]] std::optional<core::CreatedLife::State> state() const;
  [[nodiscard]] core::PoolPlace place(std::uint32_t index) const {
    return {index, record_.first_worker, record_.seats};
  }
  [[nodiscard]] core::Uid owner() const { return record_.owner; }
  [[nodiscard]] std::uint32_t text_serial() const { return record_.text_serial; }
  [[nodiscard]] core::WorkerRange workers() const;
  [[nodiscard]] core::TimePoint deadline() const { return core::from_monotonic_ns(record_.drain_until_ns); }

 private:
  shm::LedgerRecord& ledger_;
  shm::LedgerPool& record_;
};

}  // namespace ringmaster::daemon
