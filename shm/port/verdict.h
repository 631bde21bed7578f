#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "shm/segment_view.h"

/// What the supervisor does to slots and lanes of living workers: look, condemn a running job, end a queued one. Each
/// change is one CAS.
namespace ringmaster::shm {

/// The consistent values of a lane: the intent is read before and after the rest.
struct LaneLook {
  std::optional<Intent> intent;      ///< nullopt: between jobs
  std::uint64_t stamp_ns = 0;        ///< when the worker claimed the job, as it says itself: the caller must limit it
  std::uint32_t run_timeout_ms = 0;  ///< 0: the pool's
  std::uint64_t handler = 0;         ///< 0: the worker has not written it yet
  unsigned attempt = 1;
};
/// Repeats a few times if the worker takes another job meanwhile, then returns what it saw last: a worker that changes
/// jobs so fast misses no deadline.
[[nodiscard]] LaneLook look_at_lane(const LaneRecord& lane) noexcept;

/// Running(seq, owner) → Condemned. REQUIRES: the verdict stands in the ledger and the worker's hold word is set.
/// False: the job ended in time, or the client altered the word: read the lane again.
[[nodiscard]] bool condemn(const ReplyView& reply, const Intent& intent, Owner owner) noexcept;

/// What came of condemning a job.
enum class Condemnation {
  Kill,    ///< the job is condemned, and the held lane still names it: kill the worker
  Ended,   ///< the job ended in time: withdraw the verdict, release hold, kill nobody
  Forged,  ///< the word is condemned, but the lane names another job: the client forged the word. Withdraw the
           ///< verdict, release hold, close the session
  Unclear  ///< the CAS failed, but the lane still names the job: try again one grace period later. Unclear again:
           ///< the client altered its word; kill for a protocol violation and close the session
};
/// condemn(), then one more look at the lane. The worker is held and cannot take another job, so that look is stable.
/// Without it a client could write Running(worker) back into its word, and the kill would hit the worker's next job.
/// REQUIRES: as for condemn().
[[nodiscard]] Condemnation condemn_and_look(const ReplyView& reply, const LaneRecord& lane, const Intent& intent,
                                            Owner owner) noexcept;

/// Ready → Failed(cause) or, for Cause::Cancelled, → Cancelled, and tells the client. False: somebody was faster.
bool end_ready(const ReplyView& reply, std::uint32_t slot, SlotWord seen, Cause cause) noexcept;

/// When `job` was submitted: what its client says, but not before its session was opened and not in the future. So a
/// client with another clock, or one that lies, cannot spoil the statistics.
[[nodiscard]] inline std::uint64_t believed_submission(const JobDescriptor& job, std::uint64_t opened_ns,
                                                       std::uint64_t now_ns) noexcept {
  return std::min(std::max(job.submitted_ns, opened_ns), now_ns);
}

/// True when `job` has been queued for longer than its queue timeout.
[[nodiscard]] inline bool queue_expired(const JobDescriptor& job, std::uint64_t now_ns) noexcept {
  return job.queue_timeout_ms != 0 && now_ns > job.submitted_ns &&
         now_ns - job.submitted_ns > std::uint64_t{job.queue_timeout_ms} * 1'000'000;
}

}  // namespace ringmaster::shm
