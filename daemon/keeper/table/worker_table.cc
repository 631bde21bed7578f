#include "daemon/keeper/table/worker_table.h"

#include <algorithm>

namespace ringmaster::keeper {

WorkerSlot* WorkerTable::take() noexcept {
  const auto place = std::ranges::find(slots_, WorkerSlot::State::Free, &WorkerSlot::state);
  if (place == slots_.end()) return nullptr;
  end_ = std::max(end_, static_cast<std::size_t>(place - slots_.begin()) + 1);
  return &*place;
}

WorkerSlot* WorkerTable::find(std::uint32_t worker, std::uint32_t incarnation) noexcept {
  for (WorkerSlot& slot : slots()) {
    if (slot.state != WorkerSlot::State::Free && slot.worker == worker && slot.incarnation == incarnation) return &slot;
  }
  return nullptr;
}

void WorkerTable::free(WorkerSlot& slot) noexcept {
  slot = WorkerSlot{};
  while (end_ > 0 && slots_[end_ - 1].state == WorkerSlot::State::Free) --end_;
}

bool WorkerTable::knows(pid_t pid) const noexcept {
  return std::any_of(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(end_),
                     [pid](const WorkerSlot& slot) { return slot.unreaped() && slot.exit.pid == pid; });
}

bool WorkerTable::any(WorkerSlot::State state) const noexcept {
  return std::any_of(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(end_),
                     [state](const WorkerSlot& slot) { return slot.state == state; });
}

bool WorkerTable::any_unfenced() const noexcept {
  return std::any_of(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(end_),
                     [](const WorkerSlot& slot) { return slot.unreaped() || slot.state == WorkerSlot::State::Reaped; });
}

}  // namespace ringmaster::keeper
