#pragma once

#include <cstdint>
#include <functional>

#include "proto/worker_link.h"
#include "shm/lane_record.h"
#include "worker/process/leftovers.h"

namespace ringmaster::worker {

/// Keeps a worker free of what its jobs leave behind: carries out what Leftovers decides, counts it in the lane and
/// tells the supervisor. The worker's one thread, between jobs; where there is no child a look is one system call.
class ChildWatch {
 public:
  using Tell = std::function<void(worker_link::ToSupervisor&&)>;

  ChildWatch(shm::LaneLeftovers& counters, Tell tell) : counters_(counters), tell_(std::move(tell)) {}

  /// Before the first job: what is there now stays.
  void begin();
  void keep_leftovers(bool keep) noexcept { keep_ = keep; }
  /// A handler's helper, whoever started it. False: no such process, or too many.
  bool declare(std::int64_t pid);

  /// A job has ended. No system call.
  void ended(std::uint64_t job, bool starts_helpers) noexcept { jobs_.add(job, starts_helpers); }
  /// A look, if there may be something to see; at most each 10 ms.
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
  std::uint64_t looked_ns_ = 0;         ///< At children that were there.
  std::uint64_t next_ns_ = UINT64_MAX;  ///< Although no job has ended.
};

}  // namespace ringmaster::worker
