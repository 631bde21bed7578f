#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/keeper/deposit.h"
#include "daemon/keeper/keeper_protocol.h"
#include "shm/base/unique_fd.h"

namespace ringmaster::keeper {

/// The descriptors held for the supervisor, each under a label of its own. Fixed size, no allocation.
class DepositTable {
 public:
  struct Entry {
    DepositLabel label;  ///< kind 0: the entry is free
    UniqueFd fd;
  };

  /// Takes all of `fds` or none: 0, EEXIST (a label is taken or given twice), ENFILE (full), EINVAL (a kind that is not
  /// the supervisor's to deposit). On failure `fds` still own their descriptors.
  [[nodiscard]] int add(std::span<const DepositLabel> labels, std::span<UniqueFd> fds) noexcept;
  /// Closes what matches; how many that were.
  std::uint32_t release(const ReleaseMessage& selector) noexcept;
  /// Closes all but listeners and locks.
  void drop_state() noexcept;

  /// Entries up to the highest ever used, free ones among them.
  [[nodiscard]] std::span<const Entry> entries() const noexcept { return std::span(entries_).first(end_); }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  [[nodiscard]] bool holds(const DepositLabel& label) const noexcept;
  void clear(Entry& entry) noexcept;

  std::array<Entry, kMaxDeposits> entries_;
  std::size_t end_ = 0;
  std::size_t count_ = 0;
  std::size_t first_free_ = 0;  // none below it is free
};

}  // namespace ringmaster::keeper
