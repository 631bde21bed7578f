#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/types.h"
#include "proto/args.h"

/// Clients' requests about jobs that come as messages, as plain values.
namespace ringmaster::daemon {

/// 128 bits, not all 0, chosen by a job's submitter to find the job again.
using JobCookie = std::array<std::uint64_t, 2>;

struct SubmitRequest {
  std::string pool;
  std::string handler;
  std::vector<Argument> arguments;
  std::string payload;
  std::uint64_t result_capacity = 0;   ///< 0: by the handler's rule
  std::uint64_t queue_timeout_ms = 0;  ///< 0: the pool's
  std::uint64_t run_timeout_ms = 0;    ///< 0: the pool's
  bool idempotent = false;
  JobCookie cookie{};
  bool wait = false;              ///< answer with the outcome instead of the job's id
  bool takes_descriptor = false;  ///< a result that outgrows its capacity may come as one
  std::string label;              ///< what the submitter calls the job
};

struct FetchRequest {
  std::uint64_t job_id = 0;  ///< 0: by cookie alone
  JobCookie cookie{};
  bool wait = false;  ///< answer only when the job has ended
};

/// How a job is ended whose handler does not stop by itself.
struct Force {
  std::optional<core::Duration> grace{};  ///< until its worker is killed; nullopt: the pool's
};

struct CancelRequest {
  std::uint64_t job_id = 0;  ///< 0: by cookie
  JobCookie cookie{};
  std::optional<Force> force{};  ///< nullopt: its handler is asked, no more
};

struct StackRequest {
  std::uint64_t job_id = 0;
  std::uint32_t wait_ms = 0;  ///< how long to wait for the names of functions
};

}  // namespace ringmaster::daemon
