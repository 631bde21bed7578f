#pragma once

namespace ringmaster::daemon {

/// A feature of the kernel that the daemon cannot do without, and the first Linux that has it.
struct KernelFeature {
  const char* name = nullptr;   ///< nullptr: none is missing
  const char* since = nullptr;  ///< "5.4"
  int error = 0;                ///< errno of the attempt
};

/// Why a feature is missing. `release`: of the running kernel, as uname(2) tells it ("6.1.0-13-amd64").
enum class FeatureLack {
  OldKernel,  ///< this release does not have it
  Hidden,     ///< it should have it: a seccomp filter or a security module stands before it
  NoRoom,     ///< a limit of descriptors or memory, nothing of the kernel's
};
[[nodiscard]] FeatureLack why_missing(const KernelFeature& feature, const char* release) noexcept;

/// Tries each needed feature once, by using it harmlessly, and names the first that is missing (an old kernel, a
/// seccomp filter, no /proc).
[[nodiscard]] KernelFeature missing_kernel_feature() noexcept;

}  // namespace ringmaster::daemon
