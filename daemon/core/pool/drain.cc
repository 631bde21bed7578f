#include "daemon/core/pool/drain.h"

#include "base/overloaded.h"

namespace ringmaster::core {

// event \ state | Running  | Draining | Drained  | Stopping          | Killing | Stopped
// drain         | Draining | -        | -        | -                 | -       | -
// resume        | -        | Running  | Running  | -                 | -       | -
// stop          | Stopping | Stopping | Stopping | earlier deadline  | -       | -
// idle          | -        | Drained  | -        | -                 | -       | -
// workers gone  | -        | -        | -        | Stopped           | Stopped | -
// timer         | -        | -        | -        | Killing           | -       | -
std::vector<Drain::Effect> Drain::handle(TimePoint now, const Event& event) {
  using Effects = std::vector<Effect>;
  return std::visit(Overloaded{
                        [&](const DrainRequested&) {
                          if (state_ != State::Running) return Effects{};
                          state_ = State::Draining;
                          return Effects{Effect::RefuseJobs};
                        },
                        [&](const ResumeRequested&) {
                          if (state_ != State::Draining && state_ != State::Drained) return Effects{};
                          state_ = State::Running;
                          return Effects{Effect::AcceptJobs};
                        },
                        [&](const StopRequested& stop) {
                          const TimePoint deadline = now + stop.timeout;
                          if (state_ == State::Stopping) {
                            // A second stop may make the deadline earlier, never later.
                            if (deadline < *deadline_) deadline_ = deadline;
                            return Effects{};
                          }
                          if (stopping()) return Effects{};
                          const bool accepted = accepts_jobs();
                          state_ = State::Stopping;
                          deadline_ = deadline;
                          Effects effects;
                          if (accepted) effects.push_back(Effect::RefuseJobs);
                          effects.push_back(Effect::LoseQueued);
                          effects.push_back(Effect::AskWorkersToStop);
                          return effects;
                        },
                        [&](const BecameIdle&) {
                          if (state_ != State::Draining) return Effects{};
                          state_ = State::Drained;
                          return Effects{Effect::ReportDrained};
                        },
                        [&](const WorkersGone&) {
                          if (state_ != State::Stopping && state_ != State::Killing) return Effects{};
                          state_ = State::Stopped;
                          deadline_.reset();
                          return Effects{Effect::ReportStopped};
                        },
                        [&](const TimerFired&) {
                          if (state_ != State::Stopping || now < *deadline_) return Effects{};
                          state_ = State::Killing;
                          deadline_.reset();
                          return Effects{Effect::KillRunning};
                        },
                    },
                    event);
}

const char* to_string(Drain::State state) {
  switch (state) {
    case Drain::State::Running:
      return "running";
    case Drain::State::Draining:
      return "draining";
    case Drain::State::Drained:
      return "drained";
    case Drain::State::Stopping:
      return "stopping";
    case Drain::State::Killing:
      return "killing";
    case Drain::State::Stopped:
      return "stopped";
  }
  return "unknown";
}

}  // namespace ringmaster::core
