#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ringmaster::daemon {

class PoolGate;

/// The pools of the daemon, in the configuration's order: the one way to find one, and to say that there is none.
/// Cheap to copy; the pools outlive it.
class PoolDirectory {
 public:
  PoolDirectory() = default;
  explicit PoolDirectory(std::span<PoolGate* const> pools) : pools_(pools) {}

  [[nodiscard]] PoolGate* named(std::string_view name) const;      ///< null: there is none
  [[nodiscard]] PoolGate* numbered(std::uint32_t index) const;     ///< as in the ledger; null: there is none
  [[nodiscard]] std::string no_such(std::string_view name) const;  ///< in one sentence, with those that there are

  [[nodiscard]] auto begin() const { return pools_.begin(); }
  [[nodiscard]] auto end() const { return pools_.end(); }
  [[nodiscard]] std::size_t size() const { return pools_.size(); }

 private:
  std::span<PoolGate* const> pools_;
};

}  // namespace ringmaster::daemon
