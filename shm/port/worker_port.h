#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "shm/port/hints.h"
#include "shm/segment_view.h"
#include "shm/slots.h"

/// The worker's half of the slot protocol: claim and finish, one atomic step after the other, as shm/DESIGN.md numbers
/// them. A worker may die between any two of them; reap.h repairs each case.
namespace ringmaster::shm {

/// What a worker is, and the words it writes and obeys.
struct WorkerSelf {
  Owner owner;
  std::uint32_t place = 0;  ///< index in its pool: its bit on the board
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
  std::uint64_t opened_ns = 0;  ///< when the session was opened, by the supervisor's word
};

enum class ClaimStatus {
  Claimed,
  Nothing,
  Held,     ///< the supervisor holds this worker: claim nothing until `hold` is 0 again
  Tampered  ///< the word of the claim's slot cannot be, and a hint points to it: drop the session and report it
};

/// A job that this worker owns. `job` is a private copy of the descriptor's first line, not yet validated.
struct Claim {
  std::uint32_t slot = 0;
  SlotWord word;  ///< Running, ours
  JobDescriptor job;
  std::uint64_t started_ns = 0;
  bool in_turn = false;  ///< found at the cursor, without a look at the bits
};

/// True when the slot at the cursor is Ready. The client hands out slots in rotation, so that is where the next job
/// will most often lie: one load, and of a line that holds nothing but that job.
[[nodiscard]] inline bool next_is_ready(const WorkerSession& session) noexcept {
  return slot_word(session.reply, session.cursor).state() == SlotState::Ready;  // claim looks again
}

/// True when the session may have ready work anywhere: a ready bit is set, stale or not.
[[nodiscard]] inline bool may_have_work(const WorkerSession& session) noexcept {
  return any_hint(session.reply.ready(), session.reply.bit_words());
}

/// Takes the next ready job of the session: the one at the cursor, else the first with a ready bit from there on. The
/// bit of a claimed job stays until a scan meets it: clearing it at once would take the line of the bits away from the
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
};
/// Validates the private copy of the descriptor against the view's private sizes. Not ok: the client wrote nonsense;
/// finish the job as Cause::Invalid and report the session.
[[nodiscard]] JobExtents locate(const WorkerSession& session, const Claim& claim) noexcept;

/// How a job ended, as its owner says.
struct JobResult {
  SlotState state = SlotState::Done;  ///< Done or Failed
  Cause cause = Cause::Completed;
  std::uint16_t detail = 0;
  std::uint64_t result_bytes = 0;
  std::uint64_t needed_bytes = 0;
  std::string_view message;  ///< cut at kMessageBytes
  bool ran = true;           ///< false: it ended before its handler was called, and took no time of a worker
};

enum class FinishStatus {
  Finished,
  Held,     ///< condemned: touch nothing more, wait for the end
  Tampered  ///< the client altered its word; the lane is clear, drop the session and report it
};
/// Ends the job and counts it in the lane.
[[nodiscard]] FinishStatus finish(const WorkerSelf& self, const WorkerSession& session, const Claim& claim,
                                  const JobResult& result, std::uint64_t now_ns) noexcept;

/// Clears a ready bit whose slot is not Ready, and restores it if the slot became Ready meanwhile: then true.
bool clear_stale_ready(const ReplyView& reply, std::uint32_t slot) noexcept;

/// The look of a worker that wants to sleep: true when behind a ready bit lies a job to be claimed, or a word that its
/// client has to answer for. Bits behind which lies neither are cleared: what a client writes there keeps nobody awake.
[[nodiscard]] bool settle(const WorkerSession& session) noexcept;

/// Fetches the lines of the job at the cursor, to be claimed next. For when the client runs ahead: else they would be
/// taken from it while it writes them.
inline void prefetch_next(const WorkerSession& session) noexcept {
  __builtin_prefetch(&session.reply.word(session.cursor), 1);
  __builtin_prefetch(&session.request.descriptor(session.cursor), 0);
}

/// True when some slot that has its ready bit holds a job to be claimed. A bit alone does not tell.
[[nodiscard]] bool has_ready_job(const WorkerSession& session) noexcept;
/// True when such a job, in its first attempt, says that it was submitted before `before_ns`.
[[nodiscard]] bool has_job_ready_since(const WorkerSession& session, std::uint64_t before_ns) noexcept;

/// True when such a job is at least `age_ns` old, or its age is not known: it has been tried before, or its client
/// counts time otherwise.
[[nodiscard]] bool has_waiting_job(const WorkerSession& session, std::uint64_t now_ns, std::uint64_t age_ns) noexcept;

/// The cancel word of the client or of the supervisor names this job.
[[nodiscard]] bool cancel_asked(const WorkerSelf& self, const WorkerSession& session, const Claim& claim) noexcept;

[[nodiscard]] inline bool is_held(const WorkerSelf& self) noexcept {
  // SYNC: seq_cst, pairs with the supervisor: it sets hold, then reads our intent; we store intent, then read hold.
  return self.control->hold.load(std::memory_order_seq_cst) != 0;
}

}  // namespace ringmaster::shm
