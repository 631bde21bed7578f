#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/core/pool/pool_plan.h"
#include "daemon/core/worker/death.h"
#include "daemon/core/worker/run_watcher.h"
#include "daemon/machine/memory_guard.h"
#include "daemon/pool/worker/leftover_log.h"
#include "daemon/pool/worker/worker_process.h"
#include "shm/lane_record.h"

namespace ringmaster::daemon {

/// How much longer than the grace a leaving worker may take, for its destructors and those of its libraries.
inline constexpr core::Duration kLeaveRoom = std::chrono::seconds{5};

/// The descriptors that a pool has for its whole life; the keeper holds them for a successor.
struct PoolFds {
  UniqueFd board;
  UniqueFd bell;
  UniqueFd handlers;  ///< the catalog's table; none before a worker was ready
};

/// An inherited process that cannot be adopted, because some of its deposits are missing. It is killed, and keeps its
/// seat and its record in the ledger until its exit, when its job is resolved.
struct Orphan {
  shm::Owner owner;
  std::int32_t pid = 0;
  bool killed = false;  ///< killed by us; false: it was dead already
  WorkerFds fds;        ///< those that the keeper had
  shm::Mapping lane_map;
  shm::Mapping control_map;
  const shm::LaneRecord* lane = nullptr;  ///< null: the lane is lost too
  std::unique_ptr<WorkerOutput> output;
};

/// One place in a pool: its process, and what is known about it.
struct Seat {
  core::SeatState state = core::SeatState::Empty;
  std::unique_ptr<PoolWorker> process;
  std::optional<Orphan> orphan;  ///< only if there is no process
  core::TimePoint started{};
  bool ready = false;
  bool first_job_seen = false;
  std::uint32_t said_pid = 0;  ///< the pid in its Hello; for the log, until the keeper reports the real one
  bool owes_attach = false;    ///< a session could not be attached and must be, later
  bool said_owed = false;      ///< the log has said so
  bool leaving = false;        ///< the process was told to exit
  std::optional<core::TimePoint> leave_by;     ///< when it is killed, if it runs no job then
  std::optional<core::TimePoint> recycle_due;  ///< since when there is a reason to recycle the process
  core::RunWatcher run;
  std::optional<core::DeathKind> verdict;   ///< why we end the process
  std::optional<worker_link::Fault> fault;  ///< what its fault handler reported
  /// Its stack is to be taken, but the keeper has not told its pid yet. Until then it is waited for.
  std::optional<core::TimePoint> capture_owed;
  MemoryGuard memory;
  std::uint64_t oom_kills = 0;           ///< the machine's count when the process started
  std::vector<std::byte> handler_bytes;  ///< the pieces of its handler table that have arrived
  std::uint32_t next_chunk = 0;
  std::string boot_error;
};

/// The worker has finished its max_jobs; 0: there is no limit.
[[nodiscard]] inline bool has_had_its_jobs(const shm::LaneRecord& lane, std::uint64_t max_jobs) {
  return max_jobs != 0 && shm::finished_jobs(lane.counters) >= max_jobs;
}
/// Such a worker may leave when it wants to: a script that was stopped in it, for example, leaves it of no more use.
/// One that has done nothing could do so again and again.
[[nodiscard]] inline bool has_worked(const shm::LaneRecord& lane) { return shm::finished_jobs(lane.counters) != 0; }
[[nodiscard]] inline bool none_ready(std::span<const Seat> seats) {
  return std::ranges::none_of(seats, [](const Seat& seat) { return seat.ready; });
}
[[nodiscard]] inline bool workers_gone(std::span<const Seat> seats) {
  return std::ranges::all_of(seats, [](const Seat& seat) { return !seat.process && !seat.orphan; });
}

}  // namespace ringmaster::daemon
