#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/jobs/message_job.h"
#include "daemon/ports/peer.h"
#include "shm/ledger/delivered.h"

namespace ringmaster::daemon {

/// The jobs that came as messages, by id and by cookie: unfinished ones, and those whose outcomes are kept. Owned by
/// MessageJobs; one thread. Pointers to jobs are valid until the job is dropped.
class JobTable {
 public:
  /// How long an outcome is kept after the job's end.
  static constexpr core::Duration kKept = std::chrono::seconds{60};

  /// REQUIRES: `delivered`, the ledger's record of delivered outcomes, outlives it.
  explicit JobTable(shm::DeliveredTable& delivered) : delivered_(delivered) {}

  MessageJob& add(MessageJob job);
  [[nodiscard]] MessageJob* find(std::uint64_t id);
  /// The uid's job with that cookie; null: none.
  [[nodiscard]] MessageJob* find(std::uint32_t uid, const JobCookie& cookie);
  /// The job that the peer asks for by id, or by cookie if the id is 0. Null: there is none, or the peer may not see
  /// it: a user must know the cookie of its own job; an administrator needs no cookie.
  [[nodiscard]] MessageJob* shown_to(const Peer& peer, std::uint64_t id, const JobCookie& cookie);

  /// Drops a job whose outcome is no longer kept, and frees its room.
  void drop(std::uint64_t id);
  /// Removes a job whose session is gone.
  void forget(std::uint64_t id);

  /// The jobs of a session, the oldest first.
  [[nodiscard]] std::vector<std::uint64_t> in_session(std::uint32_t serial) const;
  [[nodiscard]] bool any_in_session(std::uint32_t serial) const;
  /// The oldest delivered outcome of a session, if dropping it helps. It does not help if an unfinished or undelivered
  /// job lies before it in the ring that is full.
  [[nodiscard]] std::optional<std::uint64_t> to_give_up(std::uint32_t serial, shm::Shortage shortage) const;

  [[nodiscard]] std::vector<std::uint64_t> expired(core::TimePoint now) const;
  [[nodiscard]] bool any_ended() const;
  [[nodiscard]] std::size_t unfinished() const;

 private:
  using Jobs = std::map<std::uint64_t, MessageJob>;
  [[nodiscard]] Jobs::const_iterator first_of(std::uint32_t serial) const;

  shm::DeliveredTable& delivered_;
  Jobs jobs_;
  std::map<std::pair<std::uint32_t, JobCookie>, std::uint64_t> by_cookie_;
};

}  // namespace ringmaster::daemon
