#include "daemon/core/daemon/refusal_pace.h"

namespace ringmaster::core {

std::optional<std::uint64_t> RefusalPace::line_due(TimePoint now, QuotaKind kind, Uid uid) {
  const auto key = std::pair(kind, uid);
  const auto known = entries_.find(key);
  if (known != entries_.end() && now - known->second.said < kPause) {
    ++known->second.unsaid;
    return std::nullopt;
  }
  if (known == entries_.end() && entries_.size() >= kMost) {
    std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.said >= kPause; });
    if (entries_.size() >= kMost) return std::nullopt;  // the lines about the other uids tell enough
  }
  Entry& entry = entries_[key];
  entry.said = now;
  return std::exchange(entry.unsaid, 0);
}

}  // namespace ringmaster::core
