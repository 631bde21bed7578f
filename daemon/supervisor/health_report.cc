#include "daemon/supervisor/health_report.h"

#include <algorithm>

namespace ringmaster::daemon {

HealthReport::HealthReport(EventLoop& loop, core::Duration hold, Sources sources)
    : loop_(loop), sources_(std::move(sources)), judge_(hold) {}

core::Health HealthReport::health() { return sources_.judge(judge_, loop_.now()); }

void HealthReport::look() {
  const core::TimePoint now = loop_.now();
  const core::Health health = sources_.judge(judge_, now);
  std::optional<core::TimePoint> again = judge_.next_change();
  if (status_.due(now, health)) {
    if (const auto line = status_.say(now, health, sources_.figures())) sources_.tell_service(*line);
  } else if (const auto due = status_.due_at(); due && (!again || *due < *again)) {
    again = due;
  }
  arm(again);
}

void HealthReport::arm(std::optional<core::TimePoint> at) {
  if (timer_ && at && timer_at_ == *at) return;
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (!at) return;
  timer_at_ = *at;
  timer_ = loop_.after(std::max(*at - loop_.now(), core::Duration::zero()), [this] {
    timer_.reset();
    look();
  });
}

}  // namespace ringmaster::daemon
