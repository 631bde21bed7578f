#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "shm/segment_view.h"

/// The supervisor's single steps on slots and lanes of the living: looking, condemning, expiring. Each is one CAS.
namespace ringmaster::shm {

/// One consistent look at a lane: intent, stamp, intent.
struct LaneLook {
  std::optional<Intent> intent;      ///< nullopt: between jobs
  std::uint64_t stamp_ns = 0;        ///< the worker's claim time; a worker's word, to be clamped
  std::uint32_t run_timeout_ms = 0;  ///< 0: the pool's
  std::uint64_t handler = 0;         ///< 0: it has not said yet
  unsigned attempt = 1;
};
/// Tries again while the worker moves on, at most a few times; then reports what it saw last (hot workers change jobs
/// faster than a deadline matters).
[[nodiscard]] LaneLook look_at_lane(const LaneRecord& lane) noexcept;

/// Running(seq, owner) → Condemned. REQUIRES: the verdict stands in the ledger and the worker's hold word is set.
/// False: the job ended in time, or the client altered the word: read the lane again.
[[nodiscard]] bool condemn(const ReplyView& reply, const Intent& intent, Owner owner) noexcept;

/// What a sentence came to.
enum class Condemnation {
  Kill,    ///< condemned, and the held lane still names the job: kill the worker
  Ended,   ///< the job ended in time: withdraw the verdict, release hold, nobody dies
  Forged,  ///< the word was condemned but the lane had moved on: the client wrote it. Withdraw, release hold, close
           ///< the session
  Unclear  ///< the word refuses but the lane still names the job: ask again one grace later; Unclear again: the
           ///< client altered its word, kill as protocol violation and close the session
};
/// condemn(), then one more look at the lane. With hold set the worker cannot take another job, so that look is stable.
/// Without it a client that writes Running(worker) back into its word would aim the kill at the worker's next job.
/// REQUIRES: as condemn().
[[nodiscard]] Condemnation condemn_and_look(const ReplyView& reply, const LaneRecord& lane, const Intent& intent,
                                            Owner owner) noexcept;

/// Ready → Failed(cause) or, for Cause::Cancelled, → Cancelled, and tells the client. False: somebody was faster.
bool end_ready(const ReplyView& reply, std::uint32_t slot, SlotWord seen, Cause cause) noexcept;

/// When `job` was submitted, as far as its client can be believed: not before its session was opened, and not in the
/// future. A client whose clock is another's, or who writes what it likes, spoils no statistics with it.
[[nodiscard]] inline std::uint64_t believed_submission(const JobDescriptor& job, std::uint64_t opened_ns,
                                                       std::uint64_t now_ns) noexcept {
  return std::min(std::max(job.submitted_ns, opened_ns), now_ns);
}

/// True when `job` has waited in its queue for longer than it said it would.
[[nodiscard]] inline bool queue_expired(const JobDescriptor& job, std::uint64_t now_ns) noexcept {
  return job.queue_timeout_ms != 0 && now_ns > job.submitted_ns &&
         now_ns - job.submitted_ns > std::uint64_t{job.queue_timeout_ms} * 1'000'000;
}

}  // namespace ringmaster::shm
