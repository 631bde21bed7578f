#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/unique_fd.h"
#include "daemon/link/deposit.h"
#include "daemon/link/keeper_protocol.h"

namespace ringmaster::keeper {

/// The descriptors that are held for the supervisor, each with its own label. Fixed size, no allocation. It closes
/// nothing, because a close may block: released ones stay here without a label, and count, until take_released() passes
/// them on (closing.h).
class DepositTable {
 public:
  struct Entry {
    DepositLabel label;  ///< kind 0: the entry is free or released
    UniqueFd fd;
    std::uint32_t release = 0;  ///< number of the release that removed its label
    [[nodiscard]] bool held() const { return label.kind != 0; }
  };

  /// Takes all of `fds` or none: 0, EEXIST (a label is taken or given twice), ENFILE (full), EINVAL (a kind that is not
  /// the supervisor's to deposit). On failure `fds` still own their descriptors.
  [[nodiscard]] int add(std::span<const DepositLabel> labels, std::span<UniqueFd> fds) noexcept;
  /// Releases all that match; returns how many.
  std::uint32_t release(const ReleaseMessage& selector) noexcept;
  /// Releases all but listeners and locks.
  void drop_state() noexcept;
  /// Moves released descriptors of a single release into `out`, as far as they fit; returns how many. Different
  /// releases are not mixed, so that a session whose close is stuck does not block others.
  std::size_t take_released(std::span<UniqueFd> out) noexcept;
  /// Takes back descriptors that could not be closed yet.
  void return_released(std::span<UniqueFd> fds) noexcept;
  [[nodiscard]] std::size_t released() const noexcept { return released_; }

  /// Entries up to the highest ever used, including free ones.
  [[nodiscard]] std::span<const Entry> entries() const noexcept { return std::span(entries_).first(end_); }
  /// How many entries have a label.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  [[nodiscard]] bool holds(const DepositLabel& label) const noexcept;
  void shrink() noexcept;

  std::array<Entry, kMaxDeposits> entries_;
  std::size_t end_ = 0;
  std::size_t count_ = 0;
  std::size_t released_ = 0;
  std::uint32_t last_release_ = 0;
  std::size_t first_free_ = 0;  // none below it is free
};

}  // namespace ringmaster::keeper
