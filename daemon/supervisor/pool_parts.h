#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/core/death.h"
#include "daemon/core/kill_ladder.h"
#include "daemon/core/pool_plan.h"
#include "daemon/core/run_watch.h"
#include "daemon/supervisor/worker_process.h"
#include "shm/base/unique_fd.h"
#include "shm/layout.h"

namespace ringmaster {

/// Beyond the grace, for a worker that leaves: its destructors, its libraries'.
inline constexpr core::Duration kLeaveRoom = std::chrono::seconds{5};

/// What a pool holds for its whole life and the keeper holds for its successor.
struct PoolFds {
  UniqueFd board;
  UniqueFd bell;
  UniqueFd handlers;  ///< memfd with the encoded handler table; none before a worker was ready
};

/// One place of a pool: its process, and what the policies hold about it.
struct PoolSeat {
  core::SeatState state = core::SeatState::Empty;
  std::unique_ptr<WorkerProcess> process;
  core::TimePoint started{};
  bool ready = false;
  bool first_job_seen = false;
  std::uint32_t said_pid = 0;               ///< as its hello says; for the log, until the keeper has told
  bool leaving = false;                     ///< was told to exit
  std::optional<core::TimePoint> leave_by;  ///< killed then, if it runs no job
  core::RunWatch watch;
  std::optional<core::Duration> armed;  ///< run deadline of the present run
  std::optional<core::KillLadder> ladder;
  std::optional<core::DeathKind> verdict;  ///< why we end the process
  std::uint64_t oom_kills = 0;             ///< of the machine, at its start
  std::string boot_error;
  std::string last_death;
  std::string last_stack;
};
/// A callback that waits until each process of `owners` has given the session back or is gone.
struct PoolWaiting {
  std::uint32_t serial = 0;
  std::set<std::uint32_t> owners;
  std::function<void()> done;
};
/// Counts of processes that are gone.
struct PoolTally {
  std::uint64_t done = 0, failed = 0, crashed = 0, timed_out = 0, cancelled = 0, lost = 0, refused = 0;
  std::uint64_t starts = 0, deaths = 0, kills = 0, retries = 0, missed_wakes = 0;
  std::array<std::uint64_t, kHistogramBuckets> queue{};
  std::array<std::uint64_t, kHistogramBuckets> run{};
};

}  // namespace ringmaster
