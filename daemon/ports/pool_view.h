#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/types.h"

/// What a pool shows of itself: plain values, copied. What is somebody's names its owner's uid, so that visible_to()
/// can tell what a viewer sees.
namespace ringmaster::daemon {

/// Times of attempts, however they ended.
struct TimesView {
  std::uint64_t count = 0;
  std::uint64_t p50_ns = 0, p90_ns = 0, p99_ns = 0, max_ns = 0, sum_ns = 0, mean_ns = 0;
  core::Duration window{};  ///< how long a time these are about; 0: the daemon's life
};

struct CountsView {
  std::uint64_t done = 0, failed = 0, crashed = 0, timed_out = 0, cancelled = 0, lost = 0, refused = 0;
  std::uint64_t worker_starts = 0, worker_deaths = 0, worker_kills = 0, retries = 0, missed_wakes = 0;
  std::uint64_t waited = 0, queue_full = 0;
  std::uint64_t leftovers_ended = 0, leftovers_kept = 0, leftovers_reaped = 0, empty_rings = 0;
};

/// Jobs a second.
struct RatesView {
  core::Duration window{};  ///< 0: nothing is known yet
  double done = 0, failed = 0, crashed = 0, timed_out = 0, cancelled = 0, lost = 0, refused = 0, waited = 0;
};

/// Counters, times, rates and the queue.
struct PoolFigures {
  CountsView counts;
  TimesView queue_time, run_time;
  TimesView queue_time_minute, run_time_minute;
  std::vector<RatesView> rates;
  std::uint64_t queue_highest = 0;  ///< the most jobs that a look has found queued since the daemon's start
  core::Duration oldest_queued{};   ///< 0: none is queued
};

/// Of one process.
struct CpuView {
  core::Duration used{};
  double percent = 0;  ///< of one CPU, over the last `window`
  core::Duration window{};
};

struct WorkerView {
  /// What it runs. Its handler and its time are everybody's to see, its id is not.
  struct Job {
    std::uint64_t id = 0;  ///< 0: another user's
    std::uint32_t uid = 0;
    std::string handler;
    core::Duration run{};
  };

  core::SeatNumber seat = 0;
  std::string state;
  pid_t pid = 0;  ///< 0: no process
  std::uint32_t incarnation = 0;
  std::uint64_t jobs = 0;  ///< ended by this process
  std::optional<Job> job;
  core::Duration uptime{};
  core::Bytes resident{};
  CpuView cpu;
  std::uint64_t leftovers = 0;  ///< processes of its jobs that are there now and that no handler declared
  std::string last_death;       ///< of this seat's last process; empty: none died
  std::string last_stack;       ///< the innermost frame of it; for administrators
};

/// A worker's death that nobody wanted.
struct IncidentView {
  /// Where it died and of what, which may show what its job worked on.
  struct Evidence {
    std::string stack;       ///< one frame a line, up to the handler; or why there is none
    std::string full_stack;  ///< every frame
    std::string core;        ///< that a core was written, and where to look
    std::string what;        ///< of a fault: its address, or the uncaught exception
  };

  std::uint64_t serial = 0;
  core::Duration ago{};
  core::SeatNumber seat = 0;
  std::uint32_t incarnation = 0;
  std::string kind;
  std::int32_t detail = 0;   ///< exit code or signal
  std::string cause;         ///< in words
  std::uint64_t job_id = 0;  ///< that it ran; 0: none, or another user's
  std::uint32_t uid = 0;     ///< of the job's submitter; kNoUid: not known
  std::string handler;
  std::uint64_t same_as = 0;         ///< serial of the incident at the same place whose stack this is
  std::optional<Evidence> evidence;  ///< for administrators
};

/// What jobs of one uid have cost a pool: workers that they ended, since it last owed nothing for any.
struct ChargeView {
  std::uint32_t uid = 0;
  std::uint64_t workers = 0;
  std::string standing;
  core::Duration refused_for{};  ///< 0: its jobs are not refused
  core::Duration last_for{};     ///< they wait behind others' for so long, a refusal included
  std::string cause;             ///< of the last of these deaths
};

struct PoolView {
  std::string name;
  std::string state;
  bool quarantined = false;
  std::string quarantine_reason;
  std::uint32_t workers_wanted = 0, spares_wanted = 0;
  std::uint64_t queued = 0, running = 0;  ///< jobs of all sessions: see count_jobs()
  std::vector<WorkerView> workers;
  PoolFigures figures;
  std::vector<IncidentView> incidents;  ///< the last few, the newest first
  std::vector<ChargeView> charges;
};

}  // namespace ringmaster::daemon
