#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "daemon/core/daemon/quota.h"
#include "daemon/core/types.h"

namespace ringmaster::core {

/// Limits how often refusals are logged: once in 10 s for each limit of each uid, however often clients ask again.
/// Counts those that were not logged. Bounded: old entries are dropped when there are many.
class RefusalPace {
 public:
  static constexpr Duration kPause = std::chrono::seconds{10};
  static constexpr std::size_t kMost = 256;

  /// nullopt: do not log. Otherwise log now; the value is how many of the same kind were not logged since the last
  /// line.
  [[nodiscard]] std::optional<std::uint64_t> line_due(TimePoint now, QuotaKind kind, Uid uid);

 private:
  struct Entry {
    TimePoint said{};
    std::uint64_t unsaid = 0;
  };
  std::map<std::pair<QuotaKind, Uid>, Entry> entries_;
};

}  // namespace ringmaster::core
