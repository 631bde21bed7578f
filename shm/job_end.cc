#include "shm/job_end.h"

namespace ringmaster::shm {
namespace {

std::uint64_t waited(SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns) {
  if (seen_ns <= job.submitted_ns || job.submitted_ns == 0) return 0;
  const std::uint64_t until_seen = seen_ns - job.submitted_ns;
  if (end.cause() != Cause::QueueTimeout || job.queue_timeout_ms == 0) return until_seen;
  // Whoever looks late has not made it wait for longer.
  return std::min(until_seen, std::uint64_t{job.queue_timeout_ms} * 1'000'000);
}

// Ends that only a supervisor writes: what stands in the line is no worker's word about them.
bool is_supervisors(Cause cause) {
  switch (cause) {
    case Cause::CrashedSignal:
    case Cause::CrashedExit:
    case Cause::OutOfMemory:
    case Cause::Poisoned:
    case Cause::Lost:
    case Cause::ProtocolViolation:
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

// A job that is done without a result that can be, or one that failed as completed.
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
  result.cause = end.state() == SlotState::Cancelled ? Cause::Cancelled : end.cause();
  result.status = status_of(result.cause);
  result.detail = end.detail();
  result.told = told;
  // A queue timeout that a worker finds ends no run either, nor does a refusal.
  const bool never_begun = end.cause() == Cause::QueueTimeout || end.cause() == Cause::Refused;
  const bool ran = !never_begun && (told || !may_end_in_queue(end));
  result.attempts = end.attempt() + (ran ? 1U : 0U);
  if (told) {
    read_times(line, job, result);
  } else if (!ran) {
    result.queued_ns = waited(end, job, seen_ns);
  }
  if (end.state() == SlotState::Done || result.cause == Cause::Completed) return impossible(result);
  if (!told || is_supervisors(result.cause)) return result;
  result.message_bytes = read_message_bytes(line);
  if (result.cause == Cause::TooLarge) result.needed_bytes = read_once(line.needed_bytes);
  // What a handler committed before it failed, if it said that this goes with the failure.
  if (result.cause == Cause::Application) {
    const std::uint64_t bytes = read_once(line.result_bytes);
    if (bytes <= job.result_capacity) result.result_bytes = bytes;
  }
  return result;
}

}  // namespace ringmaster::shm
