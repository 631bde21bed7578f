#include "daemon/jobs/home/home_order.h"

#include <algorithm>

namespace ringmaster::daemon {

void HomeOrder::remove(std::uint32_t serial) {
  for (auto& [place, serials] : takers_) std::erase(serials, serial);
  std::erase_if(takers_, [](const auto& one) { return one.second.empty(); });
}

std::vector<std::uint32_t> HomeOrder::to_try(std::uint32_t pool, std::uint32_t uid) const {
  const auto at = takers_.find({pool, uid});
  if (at == takers_.end()) return {};
  return {at->second.rbegin(), at->second.rend()};
}

void HomeOrder::took(std::uint32_t pool, std::uint32_t uid, std::uint32_t serial) {
  const auto at = takers_.find({pool, uid});
  if (at == takers_.end()) return;
  const auto taker = std::find(at->second.begin(), at->second.end(), serial);
  if (taker != at->second.end()) std::rotate(taker, taker + 1, at->second.end());
}

std::size_t HomeOrder::size() const {
  std::size_t count = 0;
  for (const auto& [place, serials] : takers_) count += serials.size();
  return count;
}

}  // namespace ringmaster::daemon
