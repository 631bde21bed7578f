#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>

namespace ringmaster::keeper {

/// Children of the keeper that are nobody's leftovers: what it had at its own start (the shell that exec'd it had
/// started them), what closes descriptors (closing.h), a supervisor that SIGKILL has not ended yet. They are reaped and
/// left alone otherwise. No fence waits for one: none runs anything of a worker, and one that is stuck in the kernel
/// survives SIGKILL; as an unknown child it would withhold every fence. Fixed size, no allocation.
class Bystanders {
 public:
  static constexpr std::size_t kMost = 384;
  static constexpr std::size_t kMostAtStart = 64;
  static constexpr std::size_t kMostClosing = 256;

  /// Before the keeper has started any child.
  void note_existing() noexcept;
  /// Whether one more may be started to close something: those that are stuck leave room for what must not wait.
  [[nodiscard]] bool may_close() const noexcept { return count_ < kMostAtStart + kMostClosing; }
  /// False: there is no room, which only those that are stuck can have taken.
  [[nodiscard]] bool add(pid_t pid) noexcept;
  [[nodiscard]] bool knows(pid_t pid) const noexcept;
  /// Forgets those that have ended.
  void reap() noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Those that the keeper has started itself.
  [[nodiscard]] std::size_t started() const noexcept { return count_ - existing_; }

 private:
  std::array<pid_t, kMost> pids_{};
  std::size_t count_ = 0;
  std::size_t existing_ = 0;  // the first of them were there at the start
};

}  // namespace ringmaster::keeper
