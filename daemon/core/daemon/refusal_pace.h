#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "daemon/core/daemon/quota.h"
#include "daemon/core/types.h"

namespace ringmaster::core {

/// How often a refusal is worth a line in the operator's log: each limit of each uid once in 10 s, however often
/// clients ask again. What went unsaid is counted. Bounded: old entries go when there are many.
class RefusalPace {
 public:
  static constexpr Duration kPause = std::chrono::seconds{10};
  static constexpr std::size_t kMost = 256;

  /// nullopt: not now. Else a line is due, and so many of the same kind were passed over since the last one.
  [[nodiscard]] std::optional<std::uint64_t> line_due(TimePoint now, QuotaKind kind, Uid uid);

 private:
  struct Entry {
    TimePoint said{};
    std::uint64_t unsaid = 0;
  };
  std::map<std::pair<QuotaKind, Uid>, Entry> entries_;
};

}  // namespace ringmaster::core
