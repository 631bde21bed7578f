#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

class PoolPort;

/// The pools of the daemon, first those of the configuration, in its order: the only way to find a pool, or to report
/// that there is none. A created pool exists for its owner and root only. Valid for one turn of the loop, since pools
/// come and go.
class PoolDirectory {
 public:
  PoolDirectory() = default;
  explicit PoolDirectory(std::span<PoolPort* const> pools) : pools_(pools) {}

  /// Null: there is none that this user may use.
  [[nodiscard]] PoolPort* named(std::string_view name, core::Uid user) const;
  [[nodiscard]] std::vector<PoolPort*> all_for(core::Uid user) const;
  [[nodiscard]] PoolPort* numbered(std::uint32_t index) const;  ///< as in the ledger; null: there is none
  /// One sentence, with the pools that the user may use.
  [[nodiscard]] std::string no_such(std::string_view name, core::Uid user) const;

  [[nodiscard]] auto begin() const { return pools_.begin(); }
  [[nodiscard]] auto end() const { return pools_.end(); }
  [[nodiscard]] std::size_t size() const { return pools_.size(); }

 private:
  std::span<PoolPort* const> pools_;
};

}  // namespace ringmaster::daemon
