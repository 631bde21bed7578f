#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>

#include "daemon/jobs/job_outcome.h"
#include "daemon/jobs/worker_death.h"
#include "daemon/ports/request_refusal.h"

namespace ringmaster::daemon {

struct JobAccepted {
  std::uint64_t job_id = 0;
};

struct JobCancelled {
  bool was_queued = false;  ///< ended at once; else its handler was asked to stop
  bool already_ended = false;
};

using JobAnswer = std::variant<JobAccepted, JobCancelled, JobOutcome, JobStack, RequestRefusal>;

/// The other end of one request about a job. Shared by whoever may answer it; dropped by all, it is answered no more.
class JobAsker {
 public:
  virtual ~JobAsker() = default;

  /// For whatever costs much to build: whether anybody would read the answer.
  [[nodiscard]] virtual bool alive() const = 0;
  /// Once. False: nobody will read it.
  virtual bool answer(JobAnswer&& answer) = 0;
  /// Calls `then` when its connection may be given another answer, never within this call; not at all where it ends
  /// before.
  virtual void when_room(std::function<void()> then) = 0;
  [[nodiscard]] virtual std::uint64_t connection() const = 0;
};

using JobAskerPtr = std::shared_ptr<JobAsker>;

}  // namespace ringmaster::daemon
