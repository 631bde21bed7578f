#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <sys/types.h>

namespace ringmaster::testing {

/// Runs a function in a forked child, one instruction at a time, and watches shared memory for what each one changes.
/// The child shares its mapped memory with this process and nothing else; it ends by SIGKILL, wherever it then stands.
class Stepper {
 public:
  /// Forks a child that will run `work`; the `watched` parts of shared memory are compared after each instruction,
  /// so they should be no more than it may write. Throws std::runtime_error where tracing is forbidden.
  Stepper(const std::vector<std::span<std::byte>>& watched, const std::function<void()>& work);
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;
  ~Stepper();

  /// Executes one instruction. False: `work` has returned.
  bool step();
  /// Executes instructions until one has changed the memory. False: `work` returned without.
  bool step_to_change();
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] std::size_t changes() const { return changes_; }
  /// SIGKILL, and the child is reaped when this returns.
  void kill();

 private:
  struct Part {
    std::span<std::byte> now;
    std::vector<std::byte> last;
  };
  std::vector<Part> parts_;
  pid_t pid_ = -1;
  std::size_t steps_ = 0;
  std::size_t changes_ = 0;
};

}  // namespace ringmaster::testing
