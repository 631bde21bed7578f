#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/core/pool/trail.h"
#include "daemon/core/types.h"
#include "shm/histogram.h"

namespace ringmaster::core {

/// The counts of a pool's jobs, since the daemon's start.
enum class JobCount : std::size_t { Done, Failed, Crashed, TimedOut, Cancelled, Refused, Lost, Waited };
inline constexpr std::size_t kJobCounts = 8;
using JobCounts = std::array<std::uint64_t, kJobCounts>;

/// Jobs a second over the last `window`.
struct JobRates {
  Duration window{};  ///< shorter than asked for if this supervisor is younger
  std::array<double, kJobCounts> per_second{};
};

/// Times of the attempts that ended within the last `window`. Their maximum is the middle of a bucket.
struct RecentTimes {
  Duration window{};
  shm::TimeCounts queue{};
  shm::TimeCounts run{};
};

/// A pool's recent rates and times, from counts that only grow. Sampled when the pool looks, without a timer of its
/// own. Uses 200 KiB at most, 80 for a busy pool; starts again with each supervisor.
class Recent {
 public:
  static constexpr Duration kMinute = std::chrono::minutes{1};
  /// Samples closer together than this would add nothing.
  static constexpr Duration kSpacing = std::chrono::milliseconds{250};

  /// True if it is time for another note().
  [[nodiscard]] bool due(TimePoint now) const;
  /// `slept`: the pool was idle from the last note until just before now.
  void note(TimePoint now, const JobCounts& counts, const shm::TimeCounts& queue, const shm::TimeCounts& run,
            bool slept);

  /// `counts`, `queue`, `run`: the values now. Before the first note() the windows are empty.
  [[nodiscard]] JobRates rates(TimePoint now, const JobCounts& counts, Duration window) const;
  [[nodiscard]] RecentTimes last_minute(TimePoint now, const shm::TimeCounts& queue, const shm::TimeCounts& run) const;

 private:
  struct Times {
    shm::TimeCounts queue;
    shm::TimeCounts run;
  };
  static constexpr Duration kTimesSpacing = std::chrono::seconds{5};

  Trail<JobCounts> counts_{kSpacing, kMinute};
  Trail<Times> times_{kTimesSpacing, kMinute};
};

/// The CPU time of one process as a share of one CPU, over its last ten seconds.
class CpuMeter {
 public:
  struct Use {
    double percent = 0;
    Duration window{};
  };

  [[nodiscard]] bool due(TimePoint now) const;
  void note(TimePoint now, Duration used) { trail_.note(now, used); }
  /// `used`: CPU time from `started` until now.
  [[nodiscard]] Use use(TimePoint now, Duration used, TimePoint started) const;

 private:
  static constexpr Duration kSpacing = std::chrono::seconds{1};
  static constexpr Duration kSpan = std::chrono::seconds{10};
  Trail<Duration> trail_{kSpacing, kSpan};
};

}  // namespace ringmaster::core
