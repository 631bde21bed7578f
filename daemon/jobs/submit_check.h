#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/jobs/job_request.h"
#include "daemon/ports/request_refusal.h"
#include "proto/handler_table.h"
#include "shm/layout.h"

/// Checks a job that comes as a message by the rules for every submit (proto/submit_rules.h), and makes its descriptor.
/// Pure.
namespace ringmaster::daemon {

/// The most bytes of a payload in a message, and of a result.
inline constexpr std::uint64_t kMostInMessage = std::uint64_t{1} << 20;

/// A pool's terms for jobs. The caller owns what the views point to.
struct PoolTerms {
  std::string_view pool;
  std::span<const HandlerDescription> handlers;
  core::Duration queue_timeout{};        ///< for jobs that name none; 0: none
  core::Duration longest_run_timeout{};  ///< the longest that a job may ask for
  std::uint64_t shortest_run_ms = 0;     ///< the shortest timeout that can be kept
};

/// A job that keeps the rules.
struct CheckedJob {
  shm::JobDescriptor descriptor;  ///< all but places, sizes and the time of its submit
  std::vector<std::byte> arguments;
  std::uint64_t result_capacity = 0;
};

/// The checks that need no handlers: a cookie of 0, and a payload that is too large.
[[nodiscard]] std::optional<RequestRefusal> check_cookie(const JobCookie& cookie);
[[nodiscard]] std::optional<RequestRefusal> check_payload(std::uint64_t bytes);

/// The other checks. REQUIRES: the pool's handlers are known, and cookie and payload were checked.
[[nodiscard]] OrRefusal<CheckedJob> check_job(const SubmitRequest& request, std::uint32_t uid, const PoolTerms& terms);

}  // namespace ringmaster::daemon
