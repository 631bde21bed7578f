#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/jobs/home/job_home.h"
#include "daemon/jobs/job_charge.h"
#include "daemon/jobs/job_request.h"

namespace ringmaster::daemon {

class JobAsker;

/// One job that came as a message, from its submit until its outcome is no longer kept.
struct MessageJob {
  std::uint64_t id = 0;  ///< made of its session's serial and its seq
  std::uint32_t uid = 0;
  JobCookie cookie{};
  JobHome* home = nullptr;
  PlacedJob place;
  std::uint64_t result_capacity = 0;
  std::uint64_t submitted_ns = 0;
  std::uint32_t queue_timeout_ms = 0;
  core::Bytes bytes{};  ///< payload, arguments and result capacity: what its uid is charged for
  std::optional<shm::SlotWord> end;
  core::TimePoint ended_at{};
  bool delivered = false;             ///< the outcome was sent, and not lost on its way
  bool settled = false;               ///< somebody has read the outcome
  std::shared_ptr<JobCharge> charge;  ///< set until the outcome is delivered
  /// Requests that waited when it ended, and whose connections have no room for the outcome yet.
  std::vector<std::weak_ptr<JobAsker>> due;

  [[nodiscard]] bool is_due() const {
    return std::any_of(due.begin(), due.end(), [](const auto& one) { return !one.expired(); });
  }
  [[nodiscard]] std::uint32_t serial() const { return static_cast<std::uint32_t>(id >> 32); }
};

}  // namespace ringmaster::daemon
