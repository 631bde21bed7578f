#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "proto/worker_link.h"
#include "shm/charges.h"
#include "shm/mapping.h"
#include "shm/port/worker_port.h"
#include "worker/session/private_requests.h"
#include "worker/session/ring_budget.h"
#include "worker/session/session_turns.h"

namespace ringmaster::worker {

/// A session in a worker: both segments mapped, the session's bell, and where the last claim was.
struct AttachedSession {
  static constexpr std::size_t kCold = SIZE_MAX;

  worker_link::Attach about;
  shm::Mapping request_memory;
  shm::Mapping reply_memory;
  PrivateRequests private_requests;  ///< Where a handler of this worker may ask for it.
  UniqueFd bell;                     ///< Watched, never read or written.
  shm::WorkerSession port;
  RingTally rings;             ///< Its rings without a job.
  std::uint64_t used_ns = 0;   ///< When it last had a job for this worker.
  std::size_t hot_at = kCold;  ///< Its place in the table's hot set.
  std::uint64_t served = 0;    ///< The number of its last turn.
  shm::ChargedUser charge;     ///< What its uid is charged with; deaths 0: nothing.
  [[nodiscard]] bool charged() const noexcept { return charge.deaths != 0; }
};

/// Why a session could not be attached.
struct AttachFailure {
  worker_link::BrokenReason reason = worker_link::BrokenReason::BadSegment;
  std::uint64_t detail = 0;
};

/// Maps the segments and checks seals, sizes and headers against what the supervisor says.
[[nodiscard]] std::unique_ptr<AttachedSession> open_session(const worker_link::Attach& about, int request_fd,
                                                            int reply_fd, UniqueFd bell, AttachFailure& failure);

/// The sessions of one worker. For each job it looks only at the *hot* ones, which were used a moment ago, and not at
/// the hundreds that are merely open. look_at_all() finds work in the cold ones and makes them hot; shm/DESIGN.md says
/// when it must be called. More than kHotSessions are hot only while each of them has work. Only the worker's thread
/// touches it.
class SessionTable {
 public:
  static constexpr std::size_t kHotSessions = 64;
  static constexpr std::uint64_t kHotForNs = 10'000'000;  ///< How long a session without work stays hot.

  [[nodiscard]] AttachedSession* at(std::uint32_t index) const noexcept {
    return index < sessions_.size() ? sessions_[index].get() : nullptr;
  }
  /// Adds a session, which is hot until the next look_at_all(). REQUIRES: its index is free.
  AttachedSession& add(std::unique_ptr<AttachedSession> session);
  void remove(std::uint32_t index);
  /// Sets what each session's uid is charged with, also for sessions that are added later.
  void set_charges(const shm::ChargedUsers& users);
  [[nodiscard]] std::size_t count() const noexcept { return all_.size(); }
  [[nodiscard]] std::size_t hot_count() const noexcept { return hot_.size(); }

  /// The session's bell has rung: makes it hot. An index without a session is ignored.
  void rung(std::uint32_t index, std::uint64_t now_ns);
  /// Makes every session with a ready bit hot, even if the bit is stale, and those cold that had no work for kHotForNs.
  /// True when there was a bit.
  bool look_at_all(std::uint64_t now_ns);
  /// True when a cold session has a job that was submitted before `before_ns`: a look_at_all() since then missed it.
  [[nodiscard]] bool overlooked(std::uint64_t before_ns) const noexcept;

  // About the hot sessions:
  /// True when a job could be claimed: a load per session, nothing is written.
  [[nodiscard]] bool may_have_work() const noexcept;
  /// True when some session's next slot is Ready. A spinning worker looks there, because the client does not use that
  /// cache line at the time.
  [[nodiscard]] bool next_is_ready() const noexcept;
  /// The same in one of so many looks.
  [[nodiscard]] bool next_is_ready(int looks) const noexcept;
  /// True when some session has a claimable job with a ready bit. Also looks at cold sessions of the supervisor: it
  /// calls only one worker for a job, and that one may be about to take another job.
  [[nodiscard]] bool has_ready_job() const noexcept;
  /// The same, for jobs that have waited for at least `age_ns`.
  [[nodiscard]] bool has_waiting_job(std::uint64_t now_ns, std::uint64_t age_ns) const noexcept;
  /// The last look before a sleep, right after look_at_all(): true when there is a claimable job or an impossible word.
  /// All other ready bits are cleared.
  [[nodiscard]] bool settle() const noexcept;
  /// Claims the next job in turn; `from` is its session, or the one that was tampered with. A job of a charged uid is
  /// taken only if look_at_all() has found no other, or when it is due (SessionTurns).
  [[nodiscard]] shm::ClaimStatus claim_next(const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                            AttachedSession*& from);

 private:
  /// What look_at_all() reads of a session without work.
  struct Watched {
    shm::HintWords ready;
    std::uint32_t bit_words = 0;
    AttachedSession* session = nullptr;
  };

  template <typename Test>
  [[nodiscard]] bool any_hot(Test&& test) const noexcept;
  void warm(AttachedSession& session, std::uint64_t now_ns);
  void cool(AttachedSession& session) noexcept;
  void cool_down(std::uint64_t now_ns);

  std::array<std::unique_ptr<AttachedSession>, worker_link::kMaxSessions> sessions_;
  std::vector<Watched> all_;
  std::vector<AttachedSession*> hot_;
  std::vector<AttachedSession*> told_of_;  ///< The supervisor's own sessions.
  SessionTurns turns_;                     ///< The turns of the hot sessions.
  shm::ChargedUsers charged_;
};

}  // namespace ringmaster::worker
