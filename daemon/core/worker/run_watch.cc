#include "daemon/core/worker/run_watch.h"

#include <algorithm>

#include "base/check.h"

namespace ringmaster::core {

RunWatch::Change RunWatch::look(TimePoint now, const std::optional<shm::Intent>& intent, TimePoint stamp) {
  const TimePoint earliest = last_look_.value_or(now);
  last_look_ = now;
  if (intent == intent_) return Change::Nothing;
  const bool was_running = running();
  intent_ = intent;
  deadline_.reset();
  if (!intent) return Change::Ended;
  started_ = std::clamp(stamp, std::min(earliest, now), now);
  return was_running ? Change::Replaced : Change::Started;
}

void RunWatch::arm(Duration run_timeout) {
  RM_CHECK(running());
  // A timeout so long that the sum would overflow means no deadline.
  if (run_timeout > TimePoint::max() - started_) {
    deadline_.reset();
  } else {
    deadline_ = started_ + run_timeout;
  }
}

void RunWatch::restore(const std::optional<shm::Intent>& intent, TimePoint started, TimePoint now) {
  intent_ = intent;
  started_ = std::min(started, now);
  last_look_ = now;
  deadline_.reset();
}

void RunWatch::extend(Duration lateness) {
  if (deadline_) *deadline_ += std::min(lateness, TimePoint::max() - *deadline_);
}

Duration LookSchedule::interval(std::optional<Duration> shortest_run_timeout) {
  if (!shortest_run_timeout) return kLongest;
  return std::clamp(*shortest_run_timeout / 2, kShortest, kLongest);
}

void LookSchedule::plan(TimePoint now, bool busy, std::optional<Duration> shortest_run_timeout) {
  if (busy) {
    next_ = now + interval(shortest_run_timeout);
  } else {
    next_.reset();
  }
}

void LookSchedule::wake(TimePoint now, std::optional<Duration> shortest_run_timeout) {
  const TimePoint due = now + interval(shortest_run_timeout);
  next_ = next_ ? std::min(*next_, due) : due;
}

Duration LookSchedule::lateness(TimePoint now) const {
  if (!next_ || now <= *next_ + kTolerance) return Duration::zero();
  return now - *next_;
}

}  // namespace ringmaster::core
