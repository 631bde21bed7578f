#include "shm/job_end.h"

#include <algorithm>

namespace ringmaster {
namespace {

std::uint64_t waited(SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns) {
  if (seen_ns <= job.submitted_ns || job.submitted_ns == 0) return 0;
  const std::uint64_t until_seen = seen_ns - job.submitted_ns;
  if (end.cause() != Cause::QueueTimeout || job.queue_timeout_ms == 0) return until_seen;
  // Whoever looks late has not made it wait for longer.
  return std::min(until_seen, std::uint64_t{job.queue_timeout_ms} * 1'000'000);
}

}  // namespace

JobEnd job_end_detail::read_other_end(SlotLine& line, SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns,
                                      bool told) noexcept {
  JobEnd result;
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
  return result;
}

}  // namespace ringmaster
