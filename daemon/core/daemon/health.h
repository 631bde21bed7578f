#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/core/pool/drain.h"
#include "daemon/core/pool/pool_snapshot.h"
#include "daemon/core/types.h"

namespace ringmaster::core {

/// Also the exit status of `ringmaster health`.
enum class HealthLevel : std::uint8_t { Healthy = 0, Degraded = 1, Down = 2, Starting = 3 };
[[nodiscard]] const char* to_string(HealthLevel level);

/// How much of a limit is used, and by whom: "uid 1000 has 240 of 256 socket jobs (socket_jobs_per_uid)".
struct LimitUse {
  std::string what;
  std::uint64_t used = 0;
  std::uint64_t limit = 0;
};

struct DaemonSnapshot {
  Drain::State state = Drain::State::Running;
  Duration keeper_silence{};  ///< time since the last packet from the keeper
  std::optional<LimitUse> fullest_queue;
  std::vector<std::string> unmet;       ///< as PoolSnapshot::unmet, for the whole daemon
  std::span<const PoolSnapshot> pools;  ///< of the configuration
  bool pools_come = false;              ///< users may create pools, so there need not be one
};

struct Health {
  HealthLevel level = HealthLevel::Healthy;
  std::vector<std::string> reasons;  ///< one sentence each, with the pool's name if it is about one; empty when healthy

  friend bool operator==(const Health&, const Health&) = default;
};

/// Judges the daemon's health at each look; time is an argument.
///
///   starting   since the daemon's start it is not known yet of some pool whether its workers can start
///   down       the daemon stops; or no pool takes jobs and has a worker for them
///   degraded   anything less than what was configured
///   healthy    else
///
/// Conditions that pass by themselves (a worker is being replaced, a spare starts) are reasons only after they have
/// lasted for `hold`, so one crash does not degrade the daemon. Decisions (drain, stop, quarantine) are reasons at
/// once.
class HealthJudge {
 public:
  explicit HealthJudge(Duration hold) : hold_(hold) {}

  [[nodiscard]] Health look(TimePoint now, const DaemonSnapshot& daemon);
  /// When a present condition will become a reason, if it lasts; nullopt: there is none.
  [[nodiscard]] std::optional<TimePoint> next_change() const noexcept { return next_; }

 private:
  /// True if the condition `key` has lasted for long enough; notes since when it holds.
  bool lasts(TimePoint now, const std::string& key, bool is_so);
  void judge_pool(TimePoint now, const PoolSnapshot& pool, std::vector<std::string>& reasons);

  Duration hold_;
  std::map<std::string, TimePoint> since_;
  std::optional<TimePoint> next_;
  bool started_ = false;
};

/// The daemon's figures for the status line.
struct DaemonFigures {
  unsigned pools = 0;
  unsigned workers = 0;
  std::uint64_t done = 0;
  std::uint64_t crashed = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t queued = 0;

  friend bool operator==(const DaemonFigures&, const DaemonFigures&) = default;
};
[[nodiscard]] DaemonFigures figures_of(std::span<const PoolSnapshot> pools);
/// "healthy: 2 pools, 4 workers, 1,204 done, 3 crashed, 0 queued"; a reason stands before the figures.
[[nodiscard]] std::string health_line(const Health& health, const DaemonFigures& figures);

}  // namespace ringmaster::core
