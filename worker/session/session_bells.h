#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "shm/layout.h"
#include "worker/session/parking.h"
#include "worker/session/ring_budget.h"
#include "worker/session/session_table.h"

namespace ringmaster::worker {

/// Watches the sessions' bells, and mutes for a while those that ring too often without a job. Sessions of the
/// supervisor have no bell to watch. Only the worker's thread touches it.
class SessionBells {
 public:
  SessionBells(Parking& parking, SessionTable& sessions, shm::Word64& empty_rings)
      : parking_(parking), sessions_(sessions), empty_rings_(empty_rings) {}

  [[nodiscard]] Result<void> add(const AttachedSession& session);
  void remove(const AttachedSession& session) noexcept;

  /// The session's bell has woken this worker. False: it has rung without a job for too long, and the session must end.
  [[nodiscard]] bool rang(AttachedSession& session, std::uint64_t now_ns);

  /// Called before each sleep: watches muted bells again when their time is over, and returns how long the sleep may
  /// be.
  [[nodiscard]] std::chrono::nanoseconds until_heard(std::uint64_t now_ns, std::chrono::nanoseconds at_most);

 private:
  Parking& parking_;
  SessionTable& sessions_;
  shm::Word64& empty_rings_;
  RingBudget budget_;
  std::vector<std::uint32_t> muted_;  ///< Indexes of muted sessions; all are watched again at the same time.
  std::uint64_t heard_again_ns_ = 0;
};

}  // namespace ringmaster::worker
