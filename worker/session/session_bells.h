#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "shm/layout.h"
#include "worker/session/parking.h"
#include "worker/session/ring_budget.h"
#include "worker/session/session_table.h"

namespace ringmaster::worker {

/// Which sessions' bells a worker listens to: those of all clients, but for some that have rung too often for nothing,
/// for a while. The supervisor rings none. Only the worker's thread touches it.
class SessionBells {
 public:
  SessionBells(Parking& parking, SessionTable& sessions, shm::Word64& empty_rings)
      : parking_(parking), sessions_(sessions), empty_rings_(empty_rings) {}

  [[nodiscard]] Result<void> add(const AttachedSession& session);
  void remove(const AttachedSession& session) noexcept;

  /// The session's bell has woken this worker. False: it is a storm, and the session has to end.
  [[nodiscard]] bool rang(AttachedSession& session, std::uint64_t now_ns);

  /// To be asked before each sleep: who is muted is heard again in time. How long the sleep may be.
  [[nodiscard]] std::chrono::nanoseconds until_heard(std::uint64_t now_ns, std::chrono::nanoseconds at_most);

 private:
  Parking& parking_;
  SessionTable& sessions_;
  shm::Word64& empty_rings_;
  RingBudget budget_;
  std::vector<std::uint32_t> muted_;  ///< Indexes; heard again all at once.
  std::uint64_t heard_again_ns_ = 0;
};

}  // namespace ringmaster::worker
