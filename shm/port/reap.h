#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shm/segment_view.h"
#include "shm/worker_end.h"

/// The repair after a worker's death. Each step is idempotent: if the supervisor dies within it, its successor repeats
/// it all. REQUIRES for every function: the dead worker is fenced (reaped, and none of its children is left).
namespace ringmaster::shm {

/// A session that the dead worker may have changed. `request` may be mapped read-only; of `reply` only the control part
/// is needed.
struct ReapTarget {
  std::uint16_t index = 0;
  std::uint32_t serial = 0;
  RequestView request;
  ReplyView reply;
  std::uint64_t opened_ns = 0;  ///< when the session was opened
};

/// The run that was cut short by the death, as far as it is known. Times are CLOCK_MONOTONIC.
struct LastRun {
  std::uint64_t intent_bits = 0;  ///< the job's intent; 0: not known
  std::uint64_t started_ns = 0;
  std::uint64_t ended_ns = 0;
};

struct DeathReport {
  Owner owner;
  std::uint64_t intent_bits = 0;       ///< the dead lane's intent word
  bool intent_known = true;            ///< false: the lane is lost, so only the slot's owner bits tell who had the job
  Cause cause = Cause::CrashedSignal;  ///< of the death: CrashedSignal, CrashedExit, OutOfMemory or Lost
  std::uint16_t detail = 0;            ///< signal or exit code
  std::optional<Verdict> verdict;      ///< the verdict that was in the ledger before the worker was killed
  LastRun run{};
};

struct ReapedJob {
  std::uint16_t session = 0;
  std::uint16_t slot = 0;
  std::uint32_t seq = 0;
  std::uint64_t job_id = 0;
  std::uint64_t handler = 0;
  bool retried = false;  ///< true: Ready again; false: the job has ended with `cause`
  bool forged = false;  ///< the slot named the dead worker as owner, but its intent did not: the client forged the word
  Cause cause = Cause::None;
  std::uint16_t detail = 0;
  std::string label;  ///< what its submitter calls it
};

/// Decides what becomes of a job whose worker died over it without a verdict. Must count the crash in the ledger before
/// it answers, and only once per owner: a repeated repair asks again. `attempts` counts from 1.
using CrashRule = std::function<AfterCrash(std::uint64_t job_id, bool idempotent, unsigned attempts)>;

/// The times of an attempt.
struct AttemptTimes {
  std::uint64_t queued_ns = 0;  ///< submitted to claimed, an earlier attempt included
  std::uint64_t run_ns = 0;
};
/// The times of the run that was cut short, to be counted before reap(); nullopt: the job had ended, was never claimed,
/// or is not known. The answer stays the same until reap() has resolved the job.
[[nodiscard]] std::optional<AttemptTimes> times_cut_short(std::span<const ReapTarget> sessions,
                                                          const DeathReport& death) noexcept;

/// Ends or retries the job of the intent and every other slot that names the dead owner, restores done and ready bits,
/// changes each completion word and wakes all clients. The caller calls the pool's workers afterwards, because the dead
/// worker may have received a wake-up. Returns the jobs whose slot still named the dead worker.
std::vector<ReapedJob> reap(std::span<const ReapTarget> sessions, const DeathReport& death, const CrashRule& rule);

/// Re-creates a session's hints from its slot words and wakes its client. May be called at any time.
void restore_hints(const ReplyView& reply) noexcept;

/// Ends every unfinished job of a session as Failed(cause), or as Cancelled if that is the cause, and wakes its client.
/// Returns how many were ended. REQUIRES: no living worker is attached.
unsigned end_all(const ReplyView& reply, Cause cause) noexcept;

}  // namespace ringmaster::shm
