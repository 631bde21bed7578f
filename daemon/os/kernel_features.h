#pragma once

namespace ringmaster {

/// A feature of the kernel that the daemon cannot do without, and the first Linux that has it.
struct KernelFeature {
  const char* name = nullptr;   ///< nullptr: none is missing
  const char* since = nullptr;  ///< "5.4"
  int error = 0;                ///< errno of the attempt
};

/// Tries each needed feature once, by using it harmlessly, and names the first that is missing (an old kernel, a
/// seccomp filter, no /proc).
[[nodiscard]] KernelFeature missing_kernel_feature() noexcept;

}  // namespace ringmaster
