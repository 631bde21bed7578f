#include "daemon/keeper/bystanders.h"

#include <algorithm>
#include <cerrno>
#include <span>

#include "daemon/os/pidfd.h"
#include "daemon/os/process_tree.h"

namespace ringmaster::keeper {

void Bystanders::note_existing() noexcept {
  const ssize_t count = daemon::list_children(std::span(pids_).first(kMostAtStart));
  count_ = existing_ = count < 0 ? 0 : std::min(static_cast<std::size_t>(count), kMostAtStart);
}

bool Bystanders::add(pid_t pid) noexcept {
  if (count_ == pids_.size()) return false;
  pids_[count_++] = pid;
  return true;
}

bool Bystanders::knows(pid_t pid) const noexcept {
  return std::ranges::count(std::span(pids_).first(count_), pid) != 0;
}

void Bystanders::reap() noexcept {
  for (std::size_t i = count_; i-- > 0;) {
    if (daemon::reap_pid(pids_[i]) == EAGAIN) continue;
    std::copy(pids_.begin() + static_cast<std::ptrdiff_t>(i) + 1, pids_.begin() + static_cast<std::ptrdiff_t>(count_),
              pids_.begin() + static_cast<std::ptrdiff_t>(i));
    --count_;
    if (i < existing_) --existing_;
  }
}

}  // namespace ringmaster::keeper
