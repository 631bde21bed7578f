#pragma once

namespace ringmaster::daemon {

/// A kernel feature that the daemon needs, and the first Linux version that has it.
struct KernelFeature {
  const char* name = nullptr;   ///< nullptr: none is missing
  const char* since = nullptr;  ///< "5.4"
  int error = 0;                ///< errno of the attempt
};

/// Why a feature is missing. `release`: of the running kernel, by uname(2) ("6.1.0-13-amd64").
enum class FeatureLack {
  OldKernel,  ///< this release does not have it
  Hidden,     ///< this release has it, but a seccomp filter or a security module forbids it
  NoRoom,     ///< it could not be tried because of a limit of descriptors or memory
};
[[nodiscard]] FeatureLack why_missing(const KernelFeature& feature, const char* release) noexcept;

/// Tries each needed feature once, without side effects, and returns the first that is missing (old kernel, seccomp
/// filter, no /proc).
[[nodiscard]] KernelFeature missing_kernel_feature() noexcept;

}  // namespace ringmaster::daemon
