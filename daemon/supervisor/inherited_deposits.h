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

/// The descriptors that the keeper held when this supervisor was started, each to be taken once by whoever knows what
/// it is. What is left at the end nobody knows. Owned by the Supervisor; its thread.
class InheritedDeposits {
 public:
  explicit InheritedDeposits(std::span<const keeper::InheritedDeposit> deposits);

  /// Invalid: there is none. No program started from now on inherits it.
  UniqueFd take(keeper::DepositKind kind, std::uint32_t a, std::uint32_t b);
  /// The first of that kind and `a`, whatever its `b`.
  UniqueFd take(keeper::DepositKind kind, std::uint32_t a);
  /// Closes what nobody took; what the keeper should let go of too. Of some kinds it takes care itself.
  [[nodiscard]] std::vector<keeper::ReleaseSelector> close_rest();

 private:
  using Key = std::pair<keeper::DepositKind, std::pair<std::uint32_t, std::uint32_t>>;
  std::map<Key, UniqueFd> held_;
};

}  // namespace ringmaster::daemon
