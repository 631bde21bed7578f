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

/// The jobs that came as messages, by id and by cookie: those that run, and those whose outcomes are kept. Owned by
/// MessageJobs; one thread. Jobs stay where they are in memory until they are dropped.
class JobTable {
 public:
  /// An outcome is kept for so long after the end.
  static constexpr core::Duration kKept = std::chrono::seconds{60};

  /// REQUIRES: `delivered`, the ledger's record of delivered outcomes, outlives it.
  explicit JobTable(shm::DeliveredTable& delivered) : delivered_(delivered) {}

  MessageJob& add(MessageJob job);
  [[nodiscard]] MessageJob* find(std::uint64_t id);
  /// The uid's job of that cookie.
  [[nodiscard]] MessageJob* find(std::uint32_t uid, const JobCookie& cookie);
  /// The job that the peer asks for by id, or by cookie where the id is 0; null: there is none, or it is none of the
  /// peer's business: a user knows the cookies of its own jobs, an administrator needs none.
  [[nodiscard]] MessageJob* shown_to(const Peer& peer, std::uint64_t id, const JobCookie& cookie);

  /// Its outcome is kept no longer: its home has the room again.
  void drop(std::uint64_t id);
  /// Its home is gone, and all that is in it.
  void forget(std::uint64_t id);

  /// In the order of their places, the oldest first.
  [[nodiscard]] std::vector<std::uint64_t> in_session(std::uint32_t serial) const;
  [[nodiscard]] bool any_in_session(std::uint32_t serial) const;
  /// The oldest outcome of a session that somebody has read, if dropping it helps: not where a job that has not ended,
  /// or that nobody has asked for, lies before it in a ring that is short.
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
