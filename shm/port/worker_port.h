#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "shm/port/hints.h"
#include "shm/segment_view.h"
#include "shm/slots.h"

/// The worker's half of the slot protocol: claim and finish, in the atomic steps that shm/DESIGN.md numbers. A worker
/// may die between any two of them; reap.h repairs each case.
namespace ringmaster::shm {

/// Who a worker is, and the shared records that it writes and obeys.
struct WorkerSelf {
  Owner owner;
  std::uint32_t place = 0;  ///< index of its seat in the pool, which is its bit on the board
  LaneRecord* lane = nullptr;
  const ControlRecord* control = nullptr;
  BoardRecord* board = nullptr;
};

/// One attached session and where this worker last claimed in it.
struct WorkerSession {
  std::uint16_t index = 0;
  RequestView request;
  ReplyView reply;
  std::uint32_t cursor = 0;     ///< the slot after the last one claimed
  std::uint64_t opened_ns = 0;  ///< when the session was opened, as the supervisor says
};

enum class ClaimStatus {
  Claimed,
  Nothing,
  Held,     ///< the supervisor holds this worker: claim nothing until `hold` is 0 again
  Tampered  ///< the word of a slot with a hint is impossible: drop the session and report it
};

/// A job that this worker owns. `job` is a private copy of the descriptor's first line, not yet validated.
struct Claim {
  std::uint32_t slot = 0;
  SlotWord word;  ///< Running, ours
  JobDescriptor job{};
  std::uint64_t started_ns = 0;
  bool in_turn = false;  ///< found at the cursor, without reading the ready bits
};

/// True when the slot at the cursor is Ready. The client uses its slots in rotation, so the next job is most often
/// there. This costs one load, from a cache line that only that job uses.
[[nodiscard]] inline bool next_is_ready(const WorkerSession& session) noexcept {
  return slot_word(session.reply, session.cursor).state() == SlotState::Ready;  // claim() checks again
}

/// True when any ready bit of the session is set, stale or not: there may be work.
[[nodiscard]] inline bool may_have_work(const WorkerSession& session) noexcept {
  return any_hint(session.reply.ready(), session.reply.bit_words());
}

/// Claims the next ready job of the session: the one at the cursor, else the first with a ready bit from there on. The
/// bit of a claimed job stays set until a scan finds it: clearing it at once would take the bits' cache line from the
/// client for each job. `now_ns`: CLOCK_MONOTONIC, becomes the lane's stamp.
/// After Claimed the lane's intent names the job until finish() or abandon().
[[nodiscard]] ClaimStatus claim(const WorkerSelf& self, WorkerSession& session, std::uint64_t now_ns,
                                Claim& out) noexcept;

/// Where a claimed job's bytes lie; valid only if `ok`.
struct JobExtents {
  bool ok = false;
  std::span<const std::byte> request;
  std::span<const std::byte> arguments;
  std::span<std::byte> result;
  std::span<std::byte> messages;  ///< their log; empty: the client takes none
};
/// Checks the private copy of the descriptor against the view's private sizes. Not ok: the client wrote impossible
/// values; finish the job as Cause::Invalid and report the session.
[[nodiscard]] JobExtents locate(const WorkerSession& session, const Claim& claim) noexcept;

struct RingRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
/// Where the log of a job's messages lies in the result ring of `ring_bytes`: no bytes, if its client takes none;
/// nullopt: it cannot be. `job`: a private copy of its descriptor's first line.
[[nodiscard]] std::optional<RingRange> messages_in_ring(const RequestView& request, std::uint32_t slot,
                                                        const JobDescriptor& job, std::uint64_t ring_bytes) noexcept;

/// The same for a job whose request lies in a parcel: `request` is empty, and asked for by parcel_of(). Not ok: it lies
/// in none, or as above.
[[nodiscard]] JobExtents locate_beside_parcel(const WorkerSession& session, const Claim& claim) noexcept;
[[nodiscard]] std::uint32_t parcel_of(const WorkerSession& session, const Claim& claim) noexcept;

/// How a job ended, as its owner describes it.
struct JobResult {
  SlotState state = SlotState::Done;  ///< Done or Failed
  Cause cause = Cause::Completed;
  std::uint16_t detail = 0;
  std::uint64_t result_bytes = 0;
  std::uint64_t needed_bytes = 0;
  std::string_view message;  ///< longer than kMessageBytes: cut
  bool ran = true;           ///< false: the job ended before its handler was called, so there is no run to count
};

enum class FinishStatus {
  Finished,
  Held,     ///< the job is condemned: touch nothing more, wait to be killed
  Tampered  ///< the client altered the slot's word; the intent is cleared, drop the session and report it
};
/// Ends the claimed job and counts it in the lane.
[[nodiscard]] FinishStatus finish(const WorkerSelf& self, const WorkerSession& session, const Claim& claim,
                                  const JobResult& result, std::uint64_t now_ns) noexcept;

/// Clears the ready bit of a slot that is not Ready. True: the slot became Ready meanwhile, and the bit is set again.
bool clear_stale_ready(const ReplyView& reply, std::uint32_t slot) noexcept;

/// Called by a worker that wants to sleep: true when a slot with a ready bit has a claimable job or an impossible word.
/// All other ready bits are cleared, so that a client cannot keep workers awake by setting bits.
[[nodiscard]] bool settle(const WorkerSession& session) noexcept;

/// Fetches the cache lines of the job at the cursor, which is claimed next. Only for when the client is some jobs
/// ahead: otherwise the lines are taken from the client while it writes them.
inline void prefetch_next(const WorkerSession& session) noexcept {
  __builtin_prefetch(&session.reply.word(session.cursor), 1);
  __builtin_prefetch(&session.request.descriptor(session.cursor), 0);
}

/// True when some slot with a ready bit has a claimable job. A bit alone may be stale.
[[nodiscard]] bool has_ready_job(const WorkerSession& session) noexcept;
/// True when such a job, in its first attempt, says that it was submitted before `before_ns`.
[[nodiscard]] bool has_job_ready_since(const WorkerSession& session, std::uint64_t before_ns) noexcept;

/// True when such a job is at least `age_ns` old, or its age is not known: it is a retry, or its client's clock is not
/// this one.
[[nodiscard]] bool has_waiting_job(const WorkerSession& session, std::uint64_t now_ns, std::uint64_t age_ns) noexcept;

/// True when the cancel word of the client or of the supervisor names this job.
[[nodiscard]] bool cancel_asked(const WorkerSelf& self, const WorkerSession& session, const Claim& claim) noexcept;

[[nodiscard]] inline bool is_held(const WorkerSelf& self) noexcept {
  // SYNC: seq_cst, pairs with the supervisor: it sets hold, then reads our intent; we store intent, then read hold.
  return self.control->hold.load(std::memory_order_seq_cst) != 0;
}

}  // namespace ringmaster::shm
