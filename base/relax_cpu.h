#pragma once

namespace ringmaster {

/// One step of a loop that waits for another core's store: saves power, and leaves the core to its sibling.
inline void relax_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace ringmaster
