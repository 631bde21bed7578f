#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ringmaster::daemon {

class PoolPort;

/// The pools of the daemon, in the configuration's order: the only way to find a pool, or to report that there is none.
/// Cheap to copy; the pools outlive it.
class PoolDirectory {
 public:
  PoolDirectory() = default;
  explicit PoolDirectory(std::span<PoolPort* const> pools) : pools_(pools) {}

  [[nodiscard]] PoolPort* named(std::string_view name) const;      ///< null: there is none
  [[nodiscard]] PoolPort* numbered(std::uint32_t index) const;     ///< as in the ledger; null: there is none
  [[nodiscard]] std::string no_such(std::string_view name) const;  ///< one sentence, with the pools that exist

  [[nodiscard]] auto begin() const { return pools_.begin(); }
  [[nodiscard]] auto end() const { return pools_.end(); }
  [[nodiscard]] std::size_t size() const { return pools_.size(); }

 private:
  std::span<PoolPort* const> pools_;
};

}  // namespace ringmaster::daemon
