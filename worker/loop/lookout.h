#pragma once

#include <cstdint>
#include <utility>

#include "shm/port/worker_port.h"
#include "worker/loop/spin_pause.h"
#include "worker/session/session_table.h"

namespace ringmaster::worker {

/// The duties of a worker that is awake, on which clients that do not ring and sleeping workers rely: to look at all
/// sessions, to show a spin bit only as long as it does, and to pass rings on. Only the worker's thread touches it.
class Lookout {
 public:
  /// How often a worker that always has jobs looks at all sessions.
  static constexpr std::uint64_t kIntervalNs = 500'000;
  static constexpr std::uint64_t kPatrolIntervalNs = 1'000'000'000;

  Lookout(const shm::WorkerSelf& self, SessionTable& sessions, int pool_bell)
      : self_(self), sessions_(sessions), pool_bell_(pool_bell) {}

  /// Between jobs: looks at all sessions when the last such look is older than kIntervalNs.
  void between_jobs(std::uint64_t now_ns);
  /// Looks at all sessions. True: one has a ready bit.
  bool at_all(std::uint64_t now_ns);
  [[nodiscard]] bool is_due(std::uint64_t now_ns) const noexcept { return now_ns - looked_ns_ >= kIntervalNs; }
  /// Work may be anywhere, and perhaps no other worker knows of it: the next look is due at once.
  void is_needed() noexcept {
    looked_ns_ = 0;
    owed_ = true;
  }
  /// This worker was the standby: clients have relied on it.
  void owes() noexcept { owed_ = true; }
  void has_slept() noexcept { patrolled_ns_ = 0; }
  void count_missed_wake() noexcept;

  /// Whether to spin before the next sleep: SpinPause.
  [[nodiscard]] bool may_spin(std::uint64_t now_ns) const noexcept { return pause_.spins(now_ns); }
  void has_spun_in_vain() noexcept { spun_in_vain_ = true; }
  /// Before a sleep, when nobody relies on this worker: looks whether the machine is busy, if a spin has found nothing.
  void rest(std::uint64_t now_ns) noexcept {
    if (std::exchange(spun_in_vain_, false) && pause_.look_is_due(now_ns)) pause_.looked(now_ns, running_threads());
  }

  [[nodiscard]] bool spins() const noexcept { return spins_; }
  /// Sets the spin bit: from now on clients rely on this worker.
  void start_spinning() noexcept;
  void stop_spinning() noexcept;

  /// Step C6: a worker that takes a job wakes another one if there is more work. Looks at all sessions if clients have
  /// relied on this worker since its last such look.
  void ring_on();
  /// The same, if shm::should_ring() was true already.
  void pass_ring_on();
  void ring_another() noexcept;

 private:
  void patrol(std::uint64_t now_ns) noexcept;

  const shm::WorkerSelf& self_;
  SessionTable& sessions_;
  int pool_bell_;
  std::uint64_t looked_ns_ = 0;     ///< When it last looked at all sessions.
  std::uint64_t patrolled_ns_ = 0;  ///< When patrol() last checked; 0: it has slept since.
  SpinPause pause_{machine_cpus()};
  bool spun_in_vain_ = false;
  bool spins_ = false;
  bool owed_ = false;  ///< Since it last looked at all sessions, clients may have relied on it and not rung.
};

}  // namespace ringmaster::worker
