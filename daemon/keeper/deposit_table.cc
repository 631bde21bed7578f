#include "daemon/keeper/deposit_table.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ringmaster::keeper {
namespace {

bool depositable(const DepositLabel& label) {
  const auto kind = static_cast<DepositKind>(label.kind);
  return label.kind != 0 && label.kind <= kMaxDepositKind && label.reserved == 0 && kind != DepositKind::WorkerPidfd &&
         kind != DepositKind::WorkerCgroup;
}

bool matches(const ReleaseMessage& selector, const DepositLabel& label) {
  return label.kind != 0 && (selector.kinds >> label.kind & 1u) != 0 &&
         ((selector.any & kReleaseAnyA) != 0 || selector.a == label.a) &&
         ((selector.any & kReleaseAnyB) != 0 || selector.b == label.b);
}

}  // namespace

bool DepositTable::holds(const DepositLabel& label) const noexcept {
  return std::ranges::any_of(entries(), [&](const Entry& entry) { return entry.label == label; });
}

int DepositTable::add(std::span<const DepositLabel> labels, std::span<UniqueFd> fds) noexcept {
  if (labels.empty() || labels.size() != fds.size()) return EINVAL;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!depositable(labels[i]) || !fds[i]) return EINVAL;
    if (holds(labels[i]) || std::ranges::count(labels.first(i), labels[i]) != 0) return EEXIST;
  }
  if (kMaxDeposits - count_ < labels.size()) return ENFILE;
  std::size_t place = first_free_;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    while (entries_[place].label.kind != 0) ++place;
    entries_[place] = {labels[i], std::move(fds[i])};
    ++count_;
  }
  first_free_ = place + 1;
  end_ = std::max(end_, first_free_);
  return 0;
}

void DepositTable::clear(Entry& entry) noexcept {
  entry.fd.reset();
  entry.label = {};
  --count_;
  first_free_ = std::min(first_free_, static_cast<std::size_t>(&entry - entries_.data()));
}

std::uint32_t DepositTable::release(const ReleaseMessage& selector) noexcept {
  std::uint32_t released = 0;
  for (Entry& entry : std::span(entries_).first(end_)) {
    if (!matches(selector, entry.label)) continue;
    clear(entry);
    ++released;
  }
  while (end_ > 0 && entries_[end_ - 1].label.kind == 0) --end_;
  return released;
}

void DepositTable::drop_state() noexcept {
  ReleaseMessage all;
  all.kinds = ~(1u << static_cast<unsigned>(DepositKind::Listener) | 1u << static_cast<unsigned>(DepositKind::Lock));
  all.any = kReleaseAnyA | kReleaseAnyB;
  release(all);
}

}  // namespace ringmaster::keeper
