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

/// Beyond the grace, for a worker that leaves: its destructors, its libraries'.
inline constexpr core::Duration kLeaveRoom = std::chrono::seconds{5};

/// What a pool holds for its whole life and the keeper holds for its successor.
struct PoolFds {
  UniqueFd board;
  UniqueFd bell;
  UniqueFd handlers;  ///< the catalog's; none before a worker was ready
};

/// An inherited process that cannot be adopted, because what the keeper holds of it is not all there. It is killed, and
/// keeps its seat until its exit: what it ran is resolved then, and nobody else may have its place in the ledger
/// before.
struct Orphan {
  shm::Owner owner;
  std::int32_t pid = 0;
  bool killed = false;  ///< by us; else it was dead when it was inherited
  WorkerFds fds;        ///< what there is
  shm::Mapping lane_map;
  shm::Mapping control_map;
  const shm::LaneRecord* lane = nullptr;  ///< null: lost too
  std::unique_ptr<WorkerOutput> output;
};

/// One place of a pool: its process, and what the policies hold about it.
struct Seat {
  core::SeatState state = core::SeatState::Empty;
  std::unique_ptr<PoolWorker> process;
  std::optional<Orphan> orphan;  ///< never beside a process
  core::TimePoint started{};
  bool ready = false;
  bool first_job_seen = false;
  std::uint32_t said_pid = 0;               ///< as its hello says; for the log, until the keeper has told
  bool owes_attach = false;                 ///< a session could not be given to it and has to be, later
  bool said_owed = false;                   ///< and the log says so, once
  bool leaving = false;                     ///< was told to exit
  std::optional<core::TimePoint> leave_by;  ///< killed then, if it runs no job
  core::RunWatcher run;
  std::optional<core::DeathKind> verdict;   ///< why we end the process
  std::optional<worker_link::Fault> fault;  ///< as its fault handler said
  MemoryGuard memory;
  std::uint64_t oom_kills = 0;           ///< of the machine, at its start
  std::vector<std::byte> handler_bytes;  ///< of its table of handlers, as far as its pieces have come
  std::uint32_t next_chunk = 0;
  std::string boot_error;
};

[[nodiscard]] inline bool none_ready(std::span<const Seat> seats) {
  return std::ranges::none_of(seats, [](const Seat& seat) { return seat.ready; });
}
[[nodiscard]] inline bool workers_gone(std::span<const Seat> seats) {
  return std::ranges::all_of(seats, [](const Seat& seat) { return !seat.process && !seat.orphan; });
}

}  // namespace ringmaster::daemon
