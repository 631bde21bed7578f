#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>

namespace ringmaster::keeper {

/// Children of the keeper that no worker has left: those that it had at its own start (from the shell that exec'd it),
/// those that close descriptors (closing.h), and a supervisor that SIGKILL has not ended yet. They are reaped, and left
/// alone otherwise. Fences do not wait for them: none of them runs a worker's code, and one that is stuck in the kernel
/// would block every fence. Fixed size, no allocation.
class Bystanders {
 public:
  static constexpr std::size_t kMost = 384;
  static constexpr std::size_t kMostAtStart = 64;
  static constexpr std::size_t kMostClosing = 256;

  /// Notes the children that exist before the keeper has started any.
  void note_existing() noexcept;
  /// True if one more child may be started to close something: some places are kept for stuck supervisors.
  [[nodiscard]] bool may_close() const noexcept { return count_ < kMostAtStart + kMostClosing; }
  /// False: there is no room, because too many are stuck.
  [[nodiscard]] bool add(pid_t pid) noexcept;
  [[nodiscard]] bool knows(pid_t pid) const noexcept;
  /// Forgets those that have ended.
  void reap() noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// How many the keeper has started itself.
  [[nodiscard]] std::size_t started() const noexcept { return count_ - existing_; }

 private:
  std::array<pid_t, kMost> pids_{};
  std::size_t count_ = 0;
  std::size_t existing_ = 0;  // how many, the first ones, existed at the start
};

}  // namespace ringmaster::keeper
