#include "shm/job_end.h"

namespace ringmaster::shm {
namespace {

std::uint64_t waited(SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns) {
  if (seen_ns <= job.submitted_ns || job.submitted_ns == 0) return 0;
  const std::uint64_t until_seen = seen_ns - job.submitted_ns;
  if (end.cause() != Cause::QueueTimeout || job.queue_timeout_ms == 0) return until_seen;
  // A client that looks late must not report a longer wait than the job had.
  return std::min(until_seen, std::uint64_t{job.queue_timeout_ms} * 1'000'000);
}

// Causes that only a supervisor writes: the worker's figures in the slot line are not about this end.
bool is_supervisors(Cause cause) {
  switch (cause) {
    case Cause::CrashedSignal:
    case Cause::CrashedExit:
    case Cause::OutOfMemory:
    case Cause::Poisoned:
    case Cause::Lost:
    case Cause::PoolRemoved:
    case Cause::ProtocolViolation:
    case Cause::CancelledByForce:
      return true;
    case Cause::None:
    case Cause::Completed:
    case Cause::Application:
    case Cause::Invalid:
    case Cause::TooLarge:
    case Cause::UnknownHandler:
    case Cause::QueueTimeout:
    case Cause::RunTimeout:
    case Cause::Cancelled:
    case Cause::Refused:
      return false;
  }
  return false;
}

// Done with an impossible result, or failed with the cause Completed.
JobEnd impossible(JobEnd end) {
  end.status = Status::Failed;
  end.cause = Cause::ProtocolViolation;
  end.impossible = true;
  return end;
}

}  // namespace

JobEnd job_end_detail::read_other_end(SlotLine& line, SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns,
                                      bool told) noexcept {
  JobEnd result;
  result.cause = end.cause();
  if (end.state() == SlotState::Cancelled && status_of(result.cause) != Status::Cancelled) {
    result.cause = Cause::Cancelled;
  }
  result.status = status_of(result.cause);
  result.detail = end.detail();
  result.told = told;
  // A worker too can end a job before it runs: a queue timeout that it finds, or a refusal.
  const bool never_begun = end.cause() == Cause::QueueTimeout || end.cause() == Cause::Refused;
  const bool ran = !never_begun && (told || !may_end_in_queue(end));
  result.attempts = end.attempt() + (ran ? 1U : 0U);
  if (told) {
    read_times(line, job, result);
  } else if (!ran) {
    result.queued_ns = waited(end, job, seen_ns);
  }
  if (told && has_spilled(end)) {
    result.detail = 0;
    const std::uint64_t bytes = read_once(line.result_bytes);
    if (bytes <= job.result_capacity) return impossible(result);  // it would lie in its extent
    result.spilled = true;
    result.result_bytes = bytes;
    result.message_bytes = read_message_bytes(line);
    return result;
  }
  if (end.state() == SlotState::Done || result.cause == Cause::Completed) return impossible(result);
  if (!told || is_supervisors(result.cause)) return result;
  result.message_bytes = read_message_bytes(line);
  if (result.cause == Cause::TooLarge) result.needed_bytes = read_once(line.needed_bytes);
  // A handler may fail and still deliver the result that it has committed.
  if (result.cause == Cause::Application) {
    const std::uint64_t bytes = read_once(line.result_bytes);
    if (bytes <= job.result_capacity) result.result_bytes = bytes;
  }
  return result;
}

}  // namespace ringmaster::shm
