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
  std::uint64_t id = 0;  ///< its session's serial and its seq
  std::uint32_t uid = 0;
  JobCookie cookie{};
  JobHome* home = nullptr;
  PlacedJob place;
  std::uint64_t result_capacity = 0;
  std::uint64_t submitted_ns = 0;
  std::uint32_t queue_timeout_ms = 0;
  core::Bytes bytes{};  ///< of payload, arguments and room for the result: what its uid pays
  std::optional<shm::SlotWord> end;
  core::TimePoint ended_at{};
  bool delivered = false;             ///< given to somebody, and not lost on its way
  bool settled = false;               ///< somebody has read it
  std::shared_ptr<JobCharge> charge;  ///< while the outcome is not delivered
  /// Who waited when it ended and has not got the outcome yet: their connections have no room.
  std::vector<std::weak_ptr<JobAsker>> due;

  [[nodiscard]] bool is_due() const {
    return std::any_of(due.begin(), due.end(), [](const auto& one) { return !one.expired(); });
  }
  [[nodiscard]] std::uint32_t serial() const { return static_cast<std::uint32_t>(id >> 32); }
};

}  // namespace ringmaster::daemon
