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

/// What a loop that waits for another thread's store does between its looks. It pauses, which saves power and leaves
/// the core to its sibling; but where both threads are on one CPU, the other cannot run before the caller lets it, so
/// it gives the CPU away.
class SpinStep {
 public:
  /// `other`: on which CPU the other thread is expected.
  explicit SpinStep(CpuMark other) noexcept : other_(other) {}

  /// After some looks in vain: sees where the caller runs, and returns it.
  CpuMark look_around() noexcept {
    const CpuMark own = this_cpu();
    gives_way_ = own != 0 && own == other_;
    return own;
  }
  [[nodiscard]] bool gives_way() const noexcept { return gives_way_; }
  void operator()() const noexcept {
    if (gives_way_) {
      ::sched_yield();
      return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

 private:
  CpuMark other_;
  bool gives_way_ = false;
};

}  // namespace ringmaster
