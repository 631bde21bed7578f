#pragma once

#include <cstdint>
#include <functional>

#include "proto/worker_link.h"
#include "shm/lane_record.h"
#include "worker/process/leftovers.h"

namespace ringmaster::worker {

/// Removes processes that a worker's jobs leave behind: does what Leftovers decides, counts it in the lane, and tells
/// the supervisor. Used by the worker's one thread, between jobs; without a child a look is one system call.
class ChildWatch {
 public:
  using Tell = std::function<void(worker_link::ToSupervisor&&)>;

  ChildWatch(shm::LaneLeftovers& counters, Tell tell) : counters_(counters), tell_(std::move(tell)) {}

  /// Call it before the first job: the children that exist now are kept.
  void begin();
  void keep_leftovers(bool keep) noexcept { keep_ = keep; }
  /// Keeps `pid`, a handler's helper. False: there is no such process, or there are too many helpers.
  bool declare(std::int64_t pid);

  /// A job has ended. No system call.
  void ended(std::uint64_t job, bool starts_helpers) noexcept { jobs_.add(job, starts_helpers); }
  /// Looks for leftovers if a job has ended or a look is due; at most every 10 ms.
  void look(std::uint64_t now_ns);
  /// How long a worker without jobs may sleep before the next look; UINT64_MAX: for ever.
  [[nodiscard]] std::uint64_t next_in(std::uint64_t now_ns) const noexcept;

 private:
  void carry_out(const Leftovers::Actions& actions);

  shm::LaneLeftovers& counters_;
  Tell tell_;
  Leftovers leftovers_;
  JobSpan jobs_;
  bool keep_ = false;
  std::uint64_t looked_ns_ = 0;         ///< The last look that found children.
  std::uint64_t next_ns_ = UINT64_MAX;  ///< When to look even if no job ends.
};

}  // namespace ringmaster::worker
