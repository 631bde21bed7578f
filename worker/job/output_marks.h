#pragma once

#include <stdio_ext.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "base/unique_fd.h"
#include "shm/control_record.h"
#include "shm/lane_record.h"

namespace ringmaster::worker {

/// Says whose text it is that a worker's standard output and error carry: at a job's end what is still buffered is
/// written out, and a mark with the job's id goes behind what it wrote (shm/output_mark.h).
///
/// Whether anything was written costs system calls to know: what lies in the pipe, and what the supervisor has read of
/// it, which it counts in the control segment. So jobs that follow each other closely are not asked about one by one,
/// until text is found; from then on, for a while, each is. Jobs that were not asked about are counted in the lane:
/// while there is one, nobody knows whose the text is, and it carries no job rather than a wrong one.
class OutputMarks {
 public:
  /// Uses the pipes that descriptors 1 and 2 are now, whatever a handler makes of these numbers later; what is no pipe
  /// is not marked. Nothing is where the control segment has no token.
  OutputMarks(const shm::ControlRecord& control, shm::LaneWords& lane);

  /// Before the job's end is published: whoever sees its end may take for granted that its text is on its way.
  void job_ended(std::uint64_t job, std::uint64_t now_ns) noexcept {
    if (!enabled_) return;
    if (now_ns >= look_due_ns_ || ::__fpending(stdout) != 0) return look(unmarked_ == 0 ? job : 0, now_ns);
    if (unmarked_ == 0) unmarked_job_ = job;
    // SYNC: release: who sees the next job's intent sees that this one was not asked about.
    lane_.unmarked.store(++unmarked_, std::memory_order_release);
  }
  /// No job follows for now: those that were not asked about are.
  void rest(std::uint64_t now_ns) noexcept {
    if (unmarked_ != 0) look(unmarked_ == 1 ? unmarked_job_ : 0, now_ns);
  }

 private:
  static constexpr std::uint64_t kSpacingNs = 100'000;         ///< Between two looks while nothing was written.
  static constexpr std::uint64_t kTalkingNs = 60'000'000'000;  ///< Since the last text; each job is asked about.

  struct Stream {
    UniqueFd pipe;
    std::uint64_t total = 0;  ///< Bytes ever written, when last known; kUnknown.
    bool owed = false;        ///< A mark did not fit: the next one cannot name a job.
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
  std::uint64_t unmarked_job_ = 0;  ///< The first of them.
  std::uint64_t look_due_ns_ = 0;   ///< 0: at each job's end.
  std::uint64_t talked_ns_ = 0;     ///< When text was last found.
};

}  // namespace ringmaster::worker
