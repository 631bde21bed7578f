#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringmaster::worker {

/// When a worker does not spin, although its pool's configuration would let it: while more threads of the machine want
/// to run than it has CPUs. A worker that spins then keeps its CPU from the very client whose job it waits for. Looks
/// only after a spin that has found nothing. Pure: time, by one clock, is an argument.
class SpinPause {
 public:
  static constexpr std::uint64_t kPauseNs = 100'000'000;
  static constexpr std::uint64_t kBetweenLooksNs = 1'000'000;
  /// So many looks, one after another, must find too few CPUs: short work of other threads is no reason. After a pause
  /// one is enough.
  static constexpr unsigned kLooks = 8;

  /// `cpus`: of the machine, as `running` below counts the machine's threads.
  explicit SpinPause(unsigned cpus) noexcept : cpus_(cpus) {}

  [[nodiscard]] bool spins(std::uint64_t now_ns) const noexcept { return now_ns >= pause_end_ns_; }
  /// After a spin in vain: whether to call looked().
  [[nodiscard]] bool look_is_due(std::uint64_t now_ns) const noexcept { return now_ns >= next_look_ns_; }
  /// `running`: how many threads run or want to, the caller among them; nullopt: not known.
  void looked(std::uint64_t now_ns, std::optional<unsigned> running) noexcept {
    next_look_ns_ = now_ns + kBetweenLooksNs;
    busy_ = running && *running > cpus_ ? busy_ + 1 : 0;
    if (busy_ < kLooks) return;
    busy_ = kLooks - 1;
    pause_end_ns_ = now_ns + kPauseNs;
  }

 private:
  unsigned cpus_;
  unsigned busy_ = 0;  // looks in a row
  std::uint64_t pause_end_ns_ = 0;
  std::uint64_t next_look_ns_ = 0;
};

/// The number of threads that run or want to, in a line of /proc/loadavg ("0.20 0.18 0.12 3/80 11206": 3); nullopt: it
/// is none.
[[nodiscard]] std::optional<unsigned> running_in(std::string_view loadavg) noexcept;
/// The same of this machine now; some microseconds. nullopt: /proc cannot be read.
[[nodiscard]] std::optional<unsigned> running_threads() noexcept;
/// How many CPUs a list of the kernel's names ("0-3,8": 5); 0: it is none.
[[nodiscard]] unsigned cpus_in(std::string_view list) noexcept;
/// CPUs that are online, whichever of them this process may use.
[[nodiscard]] unsigned machine_cpus() noexcept;

}  // namespace ringmaster::worker
