#pragma once

#include <cstdint>

#include "shm/port/worker_port.h"
#include "worker/session/session_table.h"

namespace ringmaster::worker {

/// What a worker that is awake owes the clients that do not ring, and the workers that sleep: its looks at all
/// sessions, the spin bit that stands for such looks, and the ring that it passes on. Only the worker's thread touches
/// it.
class Lookout {
 public:
  /// All sessions are looked at so often by a worker that has jobs all the time, and for what that look has overlooked.
  static constexpr std::uint64_t kIntervalNs = 500'000;
  static constexpr std::uint64_t kPatrolIntervalNs = 1'000'000'000;

  Lookout(const shm::WorkerSelf& self, SessionTable& sessions, int pool_bell)
      : self_(self), sessions_(sessions), pool_bell_(pool_bell) {}

  /// Between jobs: looks at all sessions when the last such look is older than kIntervalNs.
  void between_jobs(std::uint64_t now_ns);
  /// True: some session has work, or a bit that says so.
  bool at_all(std::uint64_t now_ns);
  [[nodiscard]] bool is_due(std::uint64_t now_ns) const noexcept { return now_ns - looked_ns_ >= kIntervalNs; }
  /// Work may be anywhere, and nobody else may know of it: the next look comes at once.
  void is_needed() noexcept {
    looked_ns_ = 0;
    owed_ = true;
  }
  /// It stood by for a streamer: clients have relied on it.
  void owes() noexcept { owed_ = true; }
  void has_slept() noexcept { patrolled_ns_ = 0; }
  void count_missed_wake() noexcept;

  [[nodiscard]] bool spins() const noexcept { return spins_; }
  /// Shows the spin bit: from here on clients rely on this worker.
  void start_spinning() noexcept;
  void stop_spinning() noexcept;

  /// C6: whoever takes a job wakes the next worker if there is more to do; over all sessions if clients relied on this
  /// worker since it last looked at them.
  void ring_on();
  /// The same where shm::should_ring() has been asked already.
  void pass_ring_on();
  void ring_another() noexcept;

 private:
  void patrol(std::uint64_t now_ns) noexcept;

  const shm::WorkerSelf& self_;
  SessionTable& sessions_;
  int pool_bell_;
  std::uint64_t looked_ns_ = 0;     ///< At all sessions.
  std::uint64_t patrolled_ns_ = 0;  ///< 0: it slept since.
  bool spins_ = false;
  bool owed_ = false;  ///< Since it last looked at all sessions, clients relied on it and did not ring.
};

}  // namespace ringmaster::worker
