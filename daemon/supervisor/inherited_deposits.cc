#include "daemon/supervisor/inherited_deposits.h"

#include <fcntl.h>

namespace ringmaster::daemon {

using keeper::DepositKind;

InheritedDeposits::InheritedDeposits(std::span<const keeper::InheritedDeposit> deposits) {
  for (const keeper::InheritedDeposit& deposit : deposits) {
    const auto kind = static_cast<DepositKind>(deposit.label.kind);
    held_[{kind, {deposit.label.a, deposit.label.b}}] = UniqueFd(deposit.fd);
  }
}

UniqueFd InheritedDeposits::take(DepositKind kind, std::uint32_t a, std::uint32_t b) {
  const auto at = held_.find({kind, {a, b}});
  if (at == held_.end()) return UniqueFd();
  UniqueFd fd = std::move(at->second);
  held_.erase(at);
  ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return fd;
}

UniqueFd InheritedDeposits::take(DepositKind kind, std::uint32_t a) {
  const auto at = held_.lower_bound({kind, {a, 0}});
  if (at == held_.end() || at->first.first != kind || at->first.second.first != a) return UniqueFd();
  return take(kind, a, at->first.second.second);
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> InheritedDeposits::labels_of(DepositKind kind) const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> labels;
  for (const auto& [key, fd] : held_) {
    if (key.first == kind) labels.push_back(key.second);
  }
  return labels;
}

std::vector<keeper::ReleaseSelector> InheritedDeposits::close_rest() {
  std::vector<keeper::ReleaseSelector> left;
  for (const auto& [key, fd] : held_) {
    const auto& [kind, names] = key;
    // The keeper adds and drops pidfds and cgroups itself; the configuration must stay for every successor.
    if (kind == DepositKind::WorkerPidfd || kind == DepositKind::WorkerCgroup || kind == DepositKind::Config) continue;
    left.push_back({keeper::kind_bit(kind), names.first, names.second});
  }
  held_.clear();
  return left;
}

}  // namespace ringmaster::daemon
