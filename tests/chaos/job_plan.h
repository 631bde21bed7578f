#pragma once

#include <cstdint>

namespace ringmaster::chaos {

/// How a job's handler ends.
enum class Behave : std::uint8_t {
  Return,      ///< with its result
  Fail,        ///< throws
  Invalid,     ///< refuses
  Crash,       ///< SIGSEGV
  Abort,       ///< SIGABRT
  Exit,        ///< _exit(7)
  CrashOnce,   ///< SIGKILL of itself on its first attempt, a result on the next
  Hang,        ///< until it is killed
  LeaveChild,  ///< returns a result and leaves a child process behind
  ChildCrash,  ///< leaves a child process behind, then kills itself with SIGKILL
};
inline constexpr Behave kLastBehave = Behave::ChildCrash;
[[nodiscard]] const char* to_string(Behave behave) noexcept;
/// True if the job kills its own worker.
[[nodiscard]] bool kills_its_worker(Behave behave) noexcept;

/// How the job reaches the daemon.
enum class Way : std::uint8_t {
  Session,  ///< shared memory
  Socket,   ///< messages, by the client library: one job a connection
  Wire,     ///< messages, many on one connection, by a client that counts the replies
};
[[nodiscard]] const char* to_string(Way way) noexcept;

/// One job, before it is submitted.
struct JobPlan {
  std::uint64_t job = 0;
  Way way = Way::Session;
  unsigned pool = 0;
  Behave behave = Behave::Return;
  bool idempotent = false;
  bool listens = true;  ///< handler "work"; else "deaf"
  std::uint64_t request_bytes = 0;
  std::uint64_t result_bytes = 0;
  std::uint64_t capacity = 0;  ///< room offered for the result
  std::uint32_t run_us = 0;
  std::uint32_t timeout_ms = 0;        ///< 0: the pool's
  std::uint32_t queue_timeout_ms = 0;  ///< 0: none
  std::uint32_t cancel_after_us = 0;   ///< 0: never
  bool force = false;                  ///< and then by force,
  std::uint32_t grace_ms = 0;          ///< with that grace

  // How the client submits and collects the job; not part of the history.
  std::uint32_t pause_us = 0;      ///< before it
  bool ask_twice = false;          ///< Wire: the same cookie in two requests
  bool fetch_apart = false;        ///< Wire: submitted without waiting, fetched then
  bool close_after = false;        ///< Session: the session is closed once this one was submitted,
  bool close_with_flying = false;  ///< with what is in flight
};

struct PlanLimits {
  unsigned pools = 2;
  std::uint32_t mean_pause_us = 8000;
  std::uint64_t largest_bytes = std::uint64_t{32} << 20;
  bool crashes = true;  ///< jobs that crash their worker
};
/// Job `number` of a client's incarnation. Pure: the same arguments, the same job.
[[nodiscard]] JobPlan plan_job(std::uint64_t seed, Way way, std::uint32_t client, std::uint32_t incarnation,
                               std::uint32_t number, const PlanLimits& limits);

}  // namespace ringmaster::chaos
