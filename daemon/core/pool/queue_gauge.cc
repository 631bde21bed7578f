#include "daemon/core/pool/queue_gauge.h"

#include <algorithm>

#include "base/check.h"

namespace ringmaster::core {

void QueueGauge::begin(TimePoint now) {
  now_ = now;
  count_ = 0;
  longest_ = Duration::zero();
  current_ = nullptr;
  for (auto& [serial, seen] : sessions_) seen.present = false;
}

void QueueGauge::session(std::uint32_t serial) {
  leave_session();
  current_ = &sessions_.try_emplace(serial, Seen{now_}).first->second;
  current_->present = true;
  current_waits_ = false;
}

void QueueGauge::waits(TimePoint submitted) {
  RM_CHECK(current_ != nullptr);
  current_waits_ = true;
  ++count_;
  longest_ = std::max(longest_, now_ - std::clamp(submitted, std::min(current_->empty_at, now_), now_));
}

void QueueGauge::end() {
  leave_session();
  current_ = nullptr;
  std::erase_if(sessions_, [](const auto& one) { return !one.second.present; });
  queued_ = count_;
  oldest_ = longest_;
}

void QueueGauge::leave_session() {
  if (current_ != nullptr && !current_waits_) current_->empty_at = now_;
}

}  // namespace ringmaster::core
