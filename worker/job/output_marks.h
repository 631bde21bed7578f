#pragma once

#include <stdio_ext.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "base/unique_fd.h"
#include "shm/control_record.h"
#include "shm/lane_record.h"

namespace ringmaster::worker {

/// Marks which job wrote the text on a worker's standard output and error: at a job's end buffered text is written out,
/// and a mark with the job's id is appended to what the job wrote (shm/output_mark.h).
///
/// To know whether a job wrote costs system calls: they tell what is in the pipe, and the control segment tells what
/// the supervisor has read. So jobs that follow each other closely are checked together until text is found; then each
/// job is checked for a while. Jobs that have not been checked are counted in the lane: while there are any, text is
/// logged without a job rather than with a wrong one.
class OutputMarks {
 public:
  /// Uses the pipes that descriptors 1 and 2 are now, even if a handler replaces these descriptors later. Marks only
  /// pipes, and nothing at all if the control segment has no token, or this process reads them itself (`captured`).
  OutputMarks(const shm::ControlRecord& control, shm::LaneWords& lane, bool captured = false);

  /// Call it before the job's end is published, so that its text is written by then.
  void job_ended(std::uint64_t job, std::uint64_t now_ns) noexcept {
    if (!enabled_) return;
    if (now_ns >= look_due_ns_ || ::__fpending(stdout) != 0) return look(unmarked_ == 0 ? job : 0, now_ns);
    if (unmarked_ == 0) unmarked_job_ = job;
    // SYNC: release: a reader that sees the next job's intent also sees that this job was not checked.
    lane_.unmarked.store(++unmarked_, std::memory_order_release);
  }
  /// No job follows for now: checks those that have not been checked.
  void rest(std::uint64_t now_ns) noexcept {
    if (unmarked_ != 0) look(unmarked_ == 1 ? unmarked_job_ : 0, now_ns);
  }

 private:
  static constexpr std::uint64_t kSpacingNs = 100'000;  ///< Between two checks while nothing is written.
  static constexpr std::uint64_t kTalkingNs =
      60'000'000'000;  ///< After text was found, each job is checked for this long.

  struct Stream {
    UniqueFd pipe;
    std::uint64_t total = 0;  ///< Bytes written up to the last check; may be kUnknown.
    bool owed = false;        ///< A mark did not fit into the pipe, so the next one cannot name a job.
  };
  static constexpr std::uint64_t kUnknown = UINT64_MAX;

  void look(std::uint64_t writer, std::uint64_t now_ns) noexcept;
  [[nodiscard]] std::uint64_t total_of(std::size_t index) const noexcept;
  void mark(Stream& stream, std::uint64_t job) const noexcept;

  const shm::ControlRecord& control_;
  shm::LaneWords& lane_;
  std::uint64_t token_;
  std::array<Stream, 2> streams_;
  bool enabled_ = false;
  std::uint64_t unmarked_ = 0;
  std::uint64_t unmarked_job_ = 0;  ///< The first job that has not been checked.
  std::uint64_t look_due_ns_ = 0;   ///< When to check next; 0: at each job's end.
  std::uint64_t talked_ns_ = 0;     ///< When text was last found.
};

}  // namespace ringmaster::worker
