#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "shm/ledger/ledger.h"
#include "shm/mapping.h"

namespace ringmaster::daemon {

/// What distinguishes this supervisor's life from earlier ones.
struct LifeFacts {
  std::size_t pools = 0;         ///< of the configuration
  bool pools_to_come = false;    ///< clients may create others
  std::uint32_t supervisor = 1;  ///< incarnation
  bool cold = false;             ///< nothing is taken over: clients see another daemon
  std::uint64_t now_ns = 0;      ///< CLOCK_MONOTONIC
  std::uint32_t keeper_pid = 0;
};

/// The ledger: created, or taken up from a predecessor, and marked with this life. Owned by the Supervisor; its thread.
/// Mapped for as long as this lives.
class LedgerSegment {
 public:
  /// `inherited`: invalid if there is none. Fails if there is no memory, or if another version of the daemon made it.
  [[nodiscard]] static Result<LedgerSegment> open(UniqueFd inherited, const LifeFacts& life);

  [[nodiscard]] shm::LedgerRecord& record() const { return *record_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The number of pools that it has room for.
  [[nodiscard]] std::uint32_t pools() const {
    return static_cast<std::uint32_t>(shm::ledger_pools(map_.bytes().size()));
  }
  /// True: it was just created, and only this process has it.
  [[nodiscard]] bool fresh() const { return fresh_; }

 private:
  LedgerSegment() = default;
  void stamp(const LifeFacts& life);

  UniqueFd fd_;
  shm::Mapping map_;
  shm::LedgerRecord* record_ = nullptr;
  bool fresh_ = false;
};

}  // namespace ringmaster::daemon
