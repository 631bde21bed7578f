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

/// How much of a limit is taken, by whom: "uid 1000 has 240 of 256 socket jobs (socket_jobs_per_uid)".
struct LimitUse {
  std::string what;
  std::uint64_t used = 0;
  std::uint64_t limit = 0;
};

struct DaemonSnapshot {
  Drain::State state = Drain::State::Running;
  Duration keeper_silence{};  ///< since the keeper was last heard
  std::optional<LimitUse> fullest_queue;
  std::vector<std::string> unmet;  ///< as PoolSnapshot::unmet, of the daemon as a whole
  std::span<const PoolSnapshot> pools;
};

struct Health {
  HealthLevel level = HealthLevel::Healthy;
  std::vector<std::string> reasons;  ///< empty when healthy; each is one sentence, one on a pool names it

  friend bool operator==(const Health&, const Health&) = default;
};

/// Judges what each look finds; time is told from outside.
///
///   starting   some pool has no verdict on its first worker yet, since this daemon came up
///   down       the daemon stops; or no pool takes jobs and has a worker for them
///   degraded   anything less than what was configured
///   healthy    else
///
/// What passes by itself (a worker that is being replaced, a spare that starts) is a reason only once it has lasted for
/// `hold`: one crash degrades nothing. What somebody decided (drain, stop, quarantine) is one at once.
class HealthJudge {
 public:
  explicit HealthJudge(Duration hold) : hold_(hold) {}

  [[nodiscard]] Health look(TimePoint now, const DaemonSnapshot& daemon);
  /// When something that holds now becomes a reason, if it lasts; nullopt: nothing does.
  [[nodiscard]] std::optional<TimePoint> next_change() const noexcept { return next_; }

 private:
  /// Whether the thing has been so for long enough; notes since when.
  bool lasts(TimePoint now, const std::string& key, bool is_so);
  void judge_pool(TimePoint now, const PoolSnapshot& pool, std::vector<std::string>& reasons);

  Duration hold_;
  std::map<std::string, TimePoint> since_;
  std::optional<TimePoint> next_;
  bool started_ = false;
};

/// What the daemon has done and holds, for one line.
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
