#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>

namespace ringmaster {

/// A CPU as shared records name it: its number + 1; 0: not known.
using CpuMark = std::uint32_t;

/// The CPU of the calling thread at this moment. Not for every job: it waits for all loads that are under way.
[[nodiscard]] inline CpuMark this_cpu() noexcept { return static_cast<CpuMark>(::sched_getcpu() + 1); }

/// On which CPUs the two sides of a hand-over were last seen, as one side knows it. Any thread may call it.
class BothCpus {
 public:
  [[nodiscard]] CpuMark own() const noexcept { return std::atomic_ref(own_).load(std::memory_order_relaxed); }
  [[nodiscard]] CpuMark other() const noexcept { return std::atomic_ref(other_).load(std::memory_order_relaxed); }
  void own_is(CpuMark cpu) const noexcept { std::atomic_ref(own_).store(cpu, std::memory_order_relaxed); }
  void other_is(CpuMark cpu) const noexcept { std::atomic_ref(other_).store(cpu, std::memory_order_relaxed); }

 private:
  mutable CpuMark own_ = 0;
  mutable CpuMark other_ = 0;
};

/// True if the other side cannot run before the calling thread, which is on CPU `own`, lets it.
[[nodiscard]] inline bool share_cpu(CpuMark own, CpuMark other) noexcept { return own != 0 && own == other; }

/// Between two looks of a loop that waits for another thread's store: saves power, and leaves the core to its sibling.
inline void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// For a thread that shares its CPU with the one that it waits for: lets that one run, until changed(). A few times
/// only, and not after `late()`: where a third thread wants that CPU too each time can last for a time slice, and where
/// the two are in different groups of the scheduler's nothing comes of it. Then it is better to sleep.
template <typename Changed, typename Late>
[[nodiscard]] bool give_way(Changed&& changed, Late&& late) {
  constexpr int kTimes = 4;
  for (int time = 0; time < kTimes && !late(); ++time) {
    ::sched_yield();
    if (changed()) return true;
  }
  return false;
}

}  // namespace ringmaster
