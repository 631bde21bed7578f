#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "daemon/core/types.h"
#include "daemon/jobs/job_outcome.h"
#include "daemon/jobs/worker_death.h"
#include "daemon/ports/request_refusal.h"

namespace ringmaster::daemon {

struct JobAccepted {
  std::uint64_t job_id = 0;
};

struct JobCancelled {
  bool was_queued = false;  ///< true: it ended at once; false: its handler was asked to stop
  bool already_ended = false;
  std::optional<core::Duration> forced{};  ///< its worker is killed so much later
};

using JobAnswer = std::variant<JobAccepted, JobCancelled, JobOutcome, JobStack, RequestRefusal>;

/// The client's side of one request about a job. Shared by all that may answer it; if all drop it, it is not answered.
class JobAsker {
 public:
  virtual ~JobAsker() = default;

  /// Whether anybody would read the answer; ask before building an expensive one.
  [[nodiscard]] virtual bool alive() const = 0;
  /// Call it once. False: nobody will read the answer.
  virtual bool answer(JobAnswer&& answer) = 0;
  /// Calls `then` when its connection has room for another answer; never within this call, and not at all if the
  /// connection ends first.
  virtual void when_room(std::function<void()> then) = 0;
  [[nodiscard]] virtual std::uint64_t connection() const = 0;
};

using JobAskerPtr = std::shared_ptr<JobAsker>;

}  // namespace ringmaster::daemon
