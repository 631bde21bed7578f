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

/// The rules of a job that comes as a message: those of every submit (proto/submit_rules.h), to a descriptor or a
/// refusal. Pure.
namespace ringmaster::daemon {

/// The most bytes of a payload in a message, and of a result.
inline constexpr std::uint64_t kMostInMessage = std::uint64_t{1} << 20;

/// What a pool says of its jobs. Views: the caller's.
struct PoolTerms {
  std::string_view pool;
  std::span<const HandlerDescription> handlers;
  core::Duration queue_timeout{};        ///< of jobs that name none; 0: none
  core::Duration longest_run_timeout{};  ///< that a job may ask for
  std::uint64_t shortest_run_ms = 0;     ///< that can be kept
};

/// A job that keeps to the rules.
struct CheckedJob {
  shm::JobDescriptor descriptor;  ///< all but places, sizes and the time of its submit
  std::vector<std::byte> arguments;
  std::uint64_t result_capacity = 0;
};

/// What can be said before the pool's handlers are known: of a cookie that is none, and of a payload that is too large.
[[nodiscard]] std::optional<RequestRefusal> check_cookie(const JobCookie& cookie);
[[nodiscard]] std::optional<RequestRefusal> check_payload(std::uint64_t bytes);

/// The rest. REQUIRES: the pool's handlers are known, and cookie and payload were checked.
[[nodiscard]] OrRefusal<CheckedJob> check_job(const SubmitRequest& request, std::uint32_t uid, const PoolTerms& terms);

}  // namespace ringmaster::daemon
