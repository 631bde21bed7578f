#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/types.h"

/// What a status shows about a pool: plain values, copied. Private values name their owner's uid, so that visible_to()
/// can decide who sees them.
namespace ringmaster::daemon {

/// Times of attempts, however they ended.
struct TimesView {
  std::uint64_t count = 0;
  std::uint64_t p50_ns = 0, p90_ns = 0, p99_ns = 0, max_ns = 0, sum_ns = 0, mean_ns = 0;
  core::Duration window{};  ///< the time that these cover; 0: the daemon's life
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
  std::uint64_t queue_highest = 0;  ///< the most jobs found queued at once since the daemon's start
  core::Duration oldest_queued{};   ///< 0: none is queued
};

/// The CPU time of one process.
struct CpuView {
  core::Duration used{};
  double percent = 0;  ///< of one CPU, over the last `window`
  core::Duration window{};
};

struct WorkerView {
  /// The job that it runs. Everybody may see the handler and the time, but neither the id nor the label.
  struct Job {
    std::uint64_t id = 0;  ///< 0: the job of another user
    std::uint32_t uid = 0;
    std::string handler;
    std::string label;  ///< what its submitter calls it
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
  std::uint64_t leftovers = 0;  ///< processes of its jobs that exist now and that no handler has declared
  std::string last_death;       ///< of this seat's last process; empty: none died
  std::string last_stack;       ///< its innermost frame; for administrators
};

/// An unwanted death of a worker.
struct IncidentView {
  /// Where and why it died, which may reveal data of its job.
  struct Evidence {
    std::string stack;       ///< one frame per line, up to the handler; or why there is none
    std::string full_stack;  ///< every frame
    std::string core;        ///< says that a core was written, and where to look
    std::string what;        ///< the address of a fault, or the uncaught exception
  };

  std::uint64_t serial = 0;
  core::Duration ago{};
  core::SeatNumber seat = 0;
  std::uint32_t incarnation = 0;
  std::string kind;
  std::int32_t detail = 0;   ///< exit code or signal
  std::string cause;         ///< in words
  std::uint64_t job_id = 0;  ///< the job that it ran; 0: none, or another user's
  std::uint32_t uid = 0;     ///< of the job's submitter; kNoUid: not known
  std::string handler;
  std::string label;                 ///< what its submitter calls the job; empty for another user's
  std::uint64_t same_as = 0;         ///< serial of the incident at the same place, whose stack this one shows
  std::optional<Evidence> evidence;  ///< for administrators
};

/// The workers of a pool that one uid's jobs have ended, since the uid was last charged with nothing.
struct ChargeView {
  std::uint32_t uid = 0;
  std::uint64_t workers = 0;
  std::string standing;
  core::Duration refused_for{};  ///< 0: its jobs are not refused
  core::Duration last_for{};     ///< for how much longer it is served last, counting the time of a refusal
  std::string cause;             ///< of the last of these deaths
};

struct PoolView {
  std::string name;
  std::optional<std::uint32_t> owner;  ///< uid of who created it; nullopt: the configuration
  std::string state;
  bool quarantined = false;
  std::string quarantine_reason;
  std::uint32_t workers_wanted = 0, workers_min = 0, workers_max = 0, spares_wanted = 0;
  std::uint64_t queued = 0, running = 0;  ///< jobs of all sessions: see count_jobs()
  std::vector<WorkerView> workers;
  PoolFigures figures;
  std::vector<IncidentView> incidents;  ///< the last ones, the newest first
  std::vector<ChargeView> charges;
};

}  // namespace ringmaster::daemon
