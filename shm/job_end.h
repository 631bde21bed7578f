#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "shm/layout.h"
#include "shm/slot_word.h"

/// Reads the end of a job from its terminal slot. The only such code: used by clients, and by the supervisor, which is
/// the client of jobs that come as messages. What the worker wrote is checked against what the submitter allowed.
namespace ringmaster::shm {

/// True for an end that a job can have while it is queued. Nobody writes its slot line then, since a worker of the
/// slot's previous job may still write there; its client measures by its own clock how long it waited.
[[nodiscard]] inline bool may_end_in_queue(SlotWord end) noexcept {
  if (end.state() == SlotState::Done) return false;
  if (end.cause() == Cause::CancelledByForce) return false;
  return end.state() == SlotState::Cancelled || end.cause() == Cause::QueueTimeout || end.cause() == Cause::Lost ||
         end.cause() == Cause::Refused || end.cause() == Cause::PoolRemoved;
}

/// The job has a result that outgrew its extent.
[[nodiscard]] constexpr bool has_spilled(SlotWord end) noexcept {
  const bool done = end.state() == SlotState::Done && end.cause() == Cause::Completed;
  const bool failed = end.state() == SlotState::Failed && end.cause() == Cause::Application;
  return (done || failed) && end.detail() == kDetailSpilled;
}

/// What the submitter remembers of its job, in private memory.
struct SubmittedJob {
  std::uint32_t seq = 0;
  std::uint32_t queue_timeout_ms = 0;  ///< 0: none, or the pool's
  std::uint64_t submitted_ns = 0;
  std::uint64_t result_capacity = 0;
};

struct JobEnd {
  Status status = Status::Failed;
  Cause cause = Cause::None;
  std::uint16_t detail = 0;  ///< signal or exit code of a crash
  bool told =
      false;  ///< the slot line is about this job: written by its worker, or by the supervisor after the worker's death
  bool impossible = false;          ///< the worker wrote values that cannot be true; the message is kImpossibleEnd
  unsigned attempts = 0;            ///< runs, counted from 1; 0: it never ran
  std::uint64_t queued_ns = 0;      ///< from submission to the last claim, or to its end in the queue; 0: not known
  std::uint64_t run_ns = 0;         ///< of the last attempt
  std::uint64_t result_bytes = 0;   ///< of a job that is done, or failed and delivers a result; above the capacity only
                                    ///< if it has spilled
  bool spilled = false;             ///< the result is to be fetched from the supervisor (kDetailSpilled)
  std::uint64_t needed_bytes = 0;   ///< with Cause::TooLarge
  std::uint32_t message_bytes = 0;  ///< length of the worker's message in the slot, at most kMessageBytes
};
inline constexpr std::string_view kImpossibleEnd = "the worker described a result that cannot be";

namespace job_end_detail {
template <typename T>
[[nodiscard]] T read_once(T& word) noexcept {
  return std::atomic_ref<T>(word).load(std::memory_order_relaxed);
}
inline void read_times(SlotLine& line, const SubmittedJob& job, JobEnd& end) noexcept {
  const std::uint64_t started = read_once(line.started_ns);
  const std::uint64_t finished = read_once(line.finished_ns);
  if (started == 0) return;
  if (started >= job.submitted_ns) end.queued_ns = started - job.submitted_ns;
  if (finished >= started) end.run_ns = finished - started;
}
[[nodiscard]] inline std::uint32_t read_message_bytes(SlotLine& line) noexcept {
  return std::min(read_once(line.message_bytes), static_cast<std::uint32_t>(kMessageBytes));
}
[[nodiscard]] JobEnd read_other_end(SlotLine& line, SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns,
                                    bool told) noexcept;
}  // namespace job_end_detail

/// `seen_ns`: when the submitter found the slot terminal (CLOCK_MONOTONIC); 0: not known. Each field of the line is
/// read once, because a hostile worker may change it at any time.
[[nodiscard, gnu::always_inline]] inline JobEnd read_end(SlotLine& line, SlotWord end, const SubmittedJob& job,
                                                         std::uint64_t seen_ns) noexcept {
  const bool told = job_end_detail::read_once(line.result_seq) == job.seq;
  const std::uint64_t bytes = job_end_detail::read_once(line.result_bytes);
  // The common case is kept inline: each client reads the end of each job here.
  if (end.state() != SlotState::Done || !told || bytes > job.result_capacity) [[unlikely]]
    return job_end_detail::read_other_end(line, end, job, seen_ns, told);
  JobEnd result;
  result.status = Status::Done;
  result.cause = Cause::Completed;
  result.told = true;
  result.attempts = end.attempt() + 1U;
  result.result_bytes = bytes;
  result.message_bytes = job_end_detail::read_message_bytes(line);
  job_end_detail::read_times(line, job, result);
  return result;
}

}  // namespace ringmaster::shm
