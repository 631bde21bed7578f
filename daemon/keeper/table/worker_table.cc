#include "daemon/keeper/table/worker_table.h"

#include <algorithm>

namespace ringmaster::keeper {

WorkerEntry* WorkerTable::take() noexcept {
  const auto place = std::ranges::find(slots_, WorkerEntry::State::Free, &WorkerEntry::state);
  if (place == slots_.end()) return nullptr;
  end_ = std::max(end_, static_cast<std::size_t>(place - slots_.begin()) + 1);
  return &*place;
}

WorkerEntry* WorkerTable::find(std::uint32_t worker, std::uint32_t incarnation) noexcept {
  for (WorkerEntry& slot : slots()) {
    if (slot.state != WorkerEntry::State::Free && slot.worker == worker && slot.incarnation == incarnation)
      return &slot;
  }
  return nullptr;
}

void WorkerTable::release(WorkerEntry& slot) noexcept {
  slot = WorkerEntry{};
  while (end_ > 0 && slots_[end_ - 1].state == WorkerEntry::State::Free) --end_;
}

bool WorkerTable::knows(pid_t pid) const noexcept {
  return std::any_of(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(end_),
                     [pid](const WorkerEntry& slot) { return slot.unreaped() && slot.exit.pid == pid; });
}

bool WorkerTable::any(WorkerEntry::State state) const noexcept {
  return std::any_of(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(end_),
                     [state](const WorkerEntry& slot) { return slot.state == state; });
}

bool WorkerTable::any_unfenced() const noexcept {
  return std::any_of(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(end_), [](const WorkerEntry& slot) {
    return slot.unreaped() || slot.state == WorkerEntry::State::Reaped;
  });
}

}  // namespace ringmaster::keeper
