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

/// One session as a worker holds it: both segments mapped, the client's bell, and the place of the last claim.
struct AttachedSession {
  static constexpr std::size_t kCold = SIZE_MAX;

  worker_link::Attach about;
  shm::Mapping request_memory;
  shm::Mapping reply_memory;
  PrivateRequests private_requests;  ///< Where a handler of this worker may ask for it.
  UniqueFd bell;                     ///< Watched, never read or written.
  shm::WorkerSession port;
  RingTally rings;             ///< Without a job.
  std::uint64_t used_ns = 0;   ///< When it last had something for this worker.
  std::size_t hot_at = kCold;  ///< Its place in the table's hot set.
  std::uint64_t served = 0;    ///< The number of its last turn.
  shm::ChargedUser charge;     ///< What its uid is charged with; deaths 0: nothing, and its turns are as others'.
  [[nodiscard]] bool charged() const noexcept { return charge.deaths != 0; }
};

/// Why a session could not be attached.
struct AttachFailure {
  worker_link::BrokenReason reason = worker_link::BrokenReason::BadSegment;
  std::uint64_t detail = 0;
};

/// Maps the segments and checks them against what the supervisor says of them: seals, sizes, headers.
[[nodiscard]] std::unique_ptr<AttachedSession> open_session(const worker_link::Attach& about, int request_fd,
                                                            int reply_fd, UniqueFd bell, AttachFailure& failure);

/// The sessions of one worker, and which of them it looks at: a job costs a look at the *hot* ones, those that were
/// used a moment ago, and none at the hundreds that are merely open. look_at_all() finds work in the others and makes
/// them hot; shm/DESIGN.md says when it must be called. More than kHotSessions are hot only while each has work. Only
/// the worker's thread touches it.
class SessionTable {
 public:
  static constexpr std::size_t kHotSessions = 64;
  static constexpr std::uint64_t kHotForNs = 10'000'000;  ///< Without work; then a session is cold.

  [[nodiscard]] AttachedSession* at(std::uint32_t index) const noexcept {
    return index < sessions_.size() ? sessions_[index].get() : nullptr;
  }
  /// Hot until the next look at all. REQUIRES: the session's place is empty.
  AttachedSession& add(std::unique_ptr<AttachedSession> session);
  void remove(std::uint32_t index);
  /// What each session's uid is charged with from now on, also of those that come.
  void set_charges(const shm::ChargedUsers& users);
  [[nodiscard]] std::size_t count() const noexcept { return all_.size(); }
  [[nodiscard]] std::size_t hot_count() const noexcept { return hot_.size(); }

  /// Its bell has rung. An index without a session is none of anybody's business.
  void rung(std::uint32_t index, std::uint64_t now_ns);
  /// Makes every session with a ready bit hot, stale or not, and lets those cool down that had nothing for long. True
  /// when there was a bit.
  bool look_at_all(std::uint64_t now_ns);
  /// True when a cold session has a job that was there before `before_ns`: a look at all since then overlooked it.
  [[nodiscard]] bool overlooked(std::uint64_t before_ns) const noexcept;

  // Of the hot sessions:
  /// True when a job could be claimed: a load per session, nothing is written.
  [[nodiscard]] bool may_have_work() const noexcept;
  /// True when some session's next slot is Ready: what a spinning worker looks at, because its client is busy
  /// elsewhere.
  [[nodiscard]] bool next_is_ready() const noexcept;
  /// True when a job with a ready bit waits in some session, or in one of the supervisor's own, hot or not: it has told
  /// one worker of it, which may be on its way to another job.
  [[nodiscard]] bool has_ready_job() const noexcept;
  /// True when one that waits so long already does.
  [[nodiscard]] bool has_waiting_job(std::uint64_t now_ns, std::uint64_t age_ns) const noexcept;
  /// The look before a sleep, at what look_at_all() has just made hot: true when there is a job to be claimed, or a
  /// word that cannot be. Bits that lead to neither are cleared.
  [[nodiscard]] bool settle() const noexcept;
  /// Takes the next job in turn; `from` is its session, or the one that was tampered with. One of a charged uid only
  /// after a look at all sessions has found none of others, or when it is due (SessionTurns).
  [[nodiscard]] shm::ClaimStatus claim_next(const shm::WorkerSelf& self, std::uint64_t now_ns, shm::Claim& claimed,
                                            AttachedSession*& from);

 private:
  /// What a look at all touches of a session that has nothing.
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
  std::vector<AttachedSession*> told_of_;  ///< The supervisor's own.
  SessionTurns turns_;                     ///< Of the hot ones.
  shm::ChargedUsers charged_;
};

}  // namespace ringmaster::worker
