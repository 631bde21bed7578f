#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "shm/segment_view.h"
#include "shm/worker_end.h"

/// The repair after a worker's death: one code path, each step idempotent, so that a reaper which dies is redone.
/// REQUIRES for all of it: the dead worker is fenced (reaped, and no child of it is left).
namespace ringmaster::shm {

/// One session that the dead worker may have touched. `request` may be mapped read-only; of `reply` only the control
/// part is needed.
struct ReapTarget {
  std::uint16_t index = 0;
  std::uint32_t serial = 0;
  RequestView request;
  ReplyView reply;
  std::uint64_t opened_ns = 0;  ///< when the session was opened
};

/// The run that its death cut short, as far as it is known. CLOCK_MONOTONIC.
struct LastRun {
  std::uint64_t intent_bits = 0;  ///< of its job; 0: none is known
  std::uint64_t started_ns = 0;
  std::uint64_t ended_ns = 0;
};

struct DeathReport {
  Owner owner;
  std::uint64_t intent_bits = 0;       ///< the dead lane's intent word
  bool intent_known = true;            ///< false: the lane is lost, and the slot's owner bits have to be believed
  Cause cause = Cause::CrashedSignal;  ///< of the death: CrashedSignal, CrashedExit, OutOfMemory or Lost
  std::uint16_t detail = 0;            ///< signal or exit code
  std::optional<Verdict> verdict;      ///< that stood before the worker was killed
  LastRun run{};
};

struct ReapedJob {
  std::uint16_t session = 0;
  std::uint16_t slot = 0;
  std::uint32_t seq = 0;
  std::uint64_t job_id = 0;
  std::uint64_t handler = 0;
  bool retried = false;  ///< Ready again; else `cause` is its end
  bool forged = false;   ///< the slot claimed to be the dead worker's without its intent: the session's client lied
  Cause cause = Cause::None;
  std::uint16_t detail = 0;
};

/// Decides once per job that died with its worker and was under no verdict; must count the crash in the ledger, for
/// this owner at most once (a redo asks again), before it answers. `attempts` counts from 1.
using CrashRule = std::function<AfterCrash(std::uint64_t job_id, bool idempotent, unsigned attempts)>;

/// The times of an attempt.
struct AttemptTimes {
  std::uint64_t queued_ns = 0;  ///< submitted to claimed, an earlier attempt included
  std::uint64_t run_ns = 0;
};
/// What the death's run took, to be counted before reap(); nullopt: its job had ended, was never claimed, or is not
/// known. The same answer until reap() has resolved the job.
[[nodiscard]] std::optional<AttemptTimes> times_cut_short(std::span<const ReapTarget> sessions,
                                                          const DeathReport& death) noexcept;

/// Resolves the intent, audits every slot for the dead owner, restores done and ready bits, changes each completion
/// word and then wakes everyone. The caller rings the pool's doorbell afterwards (a wake-up can die with the worker
/// that received it). Returns the jobs whose slot was still the dead worker's.
std::vector<ReapedJob> reap(std::span<const ReapTarget> sessions, const DeathReport& death, const CrashRule& rule);

/// Re-creates a session's hints from its slot words and wakes its client. Harmless at any time.
void restore_hints(const ReplyView& reply) noexcept;

/// Ends every job of a session that is neither free nor terminal as Failed(cause), or Cancelled for that cause, and
/// wakes its client. REQUIRES: no living worker is attached. Returns how many were ended.
unsigned end_all(const ReplyView& reply, Cause cause) noexcept;

}  // namespace ringmaster::shm
