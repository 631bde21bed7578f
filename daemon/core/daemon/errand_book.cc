#include "daemon/core/daemon/errand_book.h"

#include <algorithm>

#include "base/check.h"

namespace ringmaster::core {

ErrandBook::Id ErrandBook::add(ErrandAccount account, std::size_t descriptors) {
  Account& one = accounts_[account];
  one.waiting.push_back({++last_id_, descriptors});
  one.held += descriptors;
  held_ += descriptors;
  return last_id_;
}

bool ErrandBook::ready(const Account& account) const {
  return !account.waiting.empty() && account.at_work < limits_.at_once_per_account;
}

bool ErrandBook::may_begin() const {
  return begun_.size() < limits_.at_once &&
         std::any_of(accounts_.begin(), accounts_.end(), [this](const auto& one) { return ready(one.second); });
}

std::optional<ErrandBook::Id> ErrandBook::begin() {
  if (begun_.size() >= limits_.at_once) return std::nullopt;
  const auto is_ready = [this](const auto& one) { return ready(one.second); };
  const auto after = accounts_.upper_bound(last_);
  auto at = std::find_if(after, accounts_.end(), is_ready);
  if (at == accounts_.end()) at = std::find_if(accounts_.begin(), after, is_ready);
  if (at == accounts_.end() || !is_ready(*at)) return std::nullopt;
  Account& account = at->second;
  const Errand next = account.waiting.front();
  account.waiting.pop_front();
  ++account.at_work;
  last_ = at->first;
  begun_[next.id] = {at->first, next.descriptors};
  return next.id;
}

void ErrandBook::end(Id id) {
  const auto begun = begun_.find(id);
  RM_CHECK(begun != begun_.end(), "errand %llu", static_cast<unsigned long long>(id));
  const auto at = accounts_.find(begun->second.account);
  --at->second.at_work;
  at->second.held -= begun->second.descriptors;
  held_ -= begun->second.descriptors;
  if (at->second.at_work == 0 && at->second.waiting.empty()) accounts_.erase(at);
  begun_.erase(begun);
}

bool ErrandBook::has_room(ErrandAccount account) const {
  const auto at = accounts_.find(account);
  return !full() && (at == accounts_.end() || at->second.held < limits_.held_per_account);
}

}  // namespace ringmaster::core
