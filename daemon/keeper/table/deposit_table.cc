#include "daemon/keeper/table/deposit_table.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/plant.h"

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
  if (kMaxDeposits - count_ - released_ < labels.size()) return ENFILE;
  std::size_t place = first_free_;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    while (entries_[place].fd) ++place;
    entries_[place] = {labels[i], std::move(fds[i]), 0};
    ++count_;
  }
  first_free_ = place + 1;
  end_ = std::max(end_, first_free_);
  return 0;
}

void DepositTable::shrink() noexcept {
  while (end_ > 0 && !entries_[end_ - 1].fd) --end_;
}

std::uint32_t DepositTable::release(const ReleaseMessage& selector) noexcept {
  if (planted(Plant::DescriptorLeft)) return 0;
  std::uint32_t released = 0;
  ++last_release_;
  for (Entry& entry : std::span(entries_).first(end_)) {
    if (!matches(selector, entry.label)) continue;
    entry.label = {};
    entry.release = last_release_;
    ++released;
  }
  count_ -= released;
  released_ += released;
  return released;
}

std::size_t DepositTable::take_released(std::span<UniqueFd> out) noexcept {
  std::size_t taken = 0;
  std::uint32_t release = 0;
  for (Entry& entry : std::span(entries_).first(end_)) {
    if (released_ == 0 || taken == out.size()) break;
    if (entry.held() || !entry.fd || (taken != 0 && entry.release != release)) continue;
    release = entry.release;
    out[taken++] = std::move(entry.fd);
    --released_;
    first_free_ = std::min(first_free_, static_cast<std::size_t>(&entry - entries_.data()));
  }
  shrink();
  return taken;
}

void DepositTable::return_released(std::span<UniqueFd> fds) noexcept {
  ++last_release_;
  std::size_t place = 0;
  for (UniqueFd& fd : fds) {
    while (entries_[place].fd) ++place;
    entries_[place] = {{}, std::move(fd), last_release_};
    ++released_;
    end_ = std::max(end_, place + 1);
  }
}

void DepositTable::drop_state() noexcept {
  ReleaseMessage all;
  all.kinds = ~(1u << static_cast<unsigned>(DepositKind::Listener) | 1u << static_cast<unsigned>(DepositKind::Lock));
  all.any = kReleaseAnyA | kReleaseAnyB;
  release(all);
}

}  // namespace ringmaster::keeper
