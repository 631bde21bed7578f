#include "shm/job_end.h"

#include <algorithm>
#include <atomic>

namespace ringmaster {
namespace {

template <typename T>
T read_once(T& word) {
  return std::atomic_ref<T>(word).load(std::memory_order_relaxed);
}

std::uint64_t waited(SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns) {
  if (seen_ns <= job.submitted_ns || job.submitted_ns == 0) return 0;
  const std::uint64_t until_seen = seen_ns - job.submitted_ns;
  if (end.cause() != Cause::QueueTimeout || job.queue_timeout_ms == 0) return until_seen;
  // Whoever looks late has not made it wait for longer.
  return std::min(until_seen, std::uint64_t{job.queue_timeout_ms} * 1'000'000);
}

}  // namespace

bool may_end_in_queue(SlotWord end) noexcept {
  return end.state() == SlotState::Cancelled || end.cause() == Cause::QueueTimeout || end.cause() == Cause::Lost ||
         end.cause() == Cause::Refused;
}

JobEnd read_end(SlotLine& line, SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns) noexcept {
  JobEnd result;
  result.told = read_once(line.result_seq) == job.seq;
  // A queue timeout that a worker finds ends no run either, nor does a refusal.
  const bool never_begun = end.cause() == Cause::QueueTimeout || end.cause() == Cause::Refused;
  const bool ran = !never_begun && (result.told || !may_end_in_queue(end));
  result.attempts = end.attempt() + (ran ? 1U : 0U);
  if (!result.told) {
    if (!ran) result.queued_ns = waited(end, job, seen_ns);
    return result;
  }
  const std::uint64_t started = read_once(line.started_ns);
  const std::uint64_t finished = read_once(line.finished_ns);
  if (started == 0) return result;
  if (started >= job.submitted_ns) result.queued_ns = started - job.submitted_ns;
  if (finished >= started) result.run_ns = finished - started;
  return result;
}

}  // namespace ringmaster
