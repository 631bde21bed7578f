#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/link/inherited_table.h"
#include "daemon/link/keeper_codec.h"

namespace ringmaster::daemon {

/// The descriptors that the keeper held when this supervisor was started. Each is taken once by the part that needs it;
/// what is left at the end is closed. Owned by the Supervisor; its thread.
class InheritedDeposits {
 public:
  explicit InheritedDeposits(std::span<const keeper::InheritedDeposit> deposits);

  /// Takes a deposit, and sets CLOEXEC on it. Invalid: there is none.
  UniqueFd take(keeper::DepositKind kind, std::uint32_t a, std::uint32_t b);
  /// Takes the first deposit with that kind and `a`, and any `b`.
  UniqueFd take(keeper::DepositKind kind, std::uint32_t a);
  /// `a` and `b` of each deposit of that kind that was not taken.
  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint32_t>> labels_of(keeper::DepositKind kind) const;
  /// Closes what nobody took, and returns what the keeper should release too. Some kinds the keeper releases itself.
  [[nodiscard]] std::vector<keeper::ReleaseSelector> close_rest();

 private:
  using Key = std::pair<keeper::DepositKind, std::pair<std::uint32_t, std::uint32_t>>;
  std::map<Key, UniqueFd> held_;
};

}  // namespace ringmaster::daemon
