#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "daemon/core/pool/queue_gauge.h"
#include "daemon/core/pool/recent.h"
#include "daemon/ports/pool_view.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

struct Session;

/// A pool's recent figures and how full its queue is. Fed whenever the pool looks, so it needs no timer and no wake-up.
/// Rates and windows start again with each supervisor, counts do not. Owned by the pool, on its thread.
class PoolStatistics {
 public:
  /// `record`: the pool's record in the ledger, for what a successor needs.
  PoolStatistics(shm::LedgerPool& record, std::size_t seats) : record_(record), cpu_(seats) {}

  /// True when it is time to call note().
  [[nodiscard]] bool due(core::TimePoint now) const { return recent_.due(now); }
  /// `total`: living workers included. `slept`: nobody has looked since the last note, because all workers slept.
  void note(core::TimePoint now, const shm::LedgerTally& total, bool slept);
  /// Called for each living process when the pool looks. Reads /proc at most once a second.
  void note_process(core::SeatNumber seat, std::uint32_t incarnation, pid_t pid, core::TimePoint now);

  /// Fed while the pool goes through the waiting jobs; a status uses a copy.
  [[nodiscard]] core::QueueGauge& gauge() { return gauge_; }
  [[nodiscard]] const core::QueueGauge& gauge() const { return gauge_; }
  /// Called after that: records the highest number of waiting jobs.
  void queue_seen(const core::QueueGauge& gauge) const;
  /// Records the submits that a session's client has refused because of a full queue since the last call.
  void take_refusals(const Session& session) const;

  [[nodiscard]] PoolFigures figures(core::TimePoint now, const shm::LedgerTally& total,
                                    const core::QueueGauge& gauge) const;
  /// The CPU time of a living process.
  [[nodiscard]] CpuView cpu_of(core::SeatNumber seat, std::uint32_t incarnation, pid_t pid, core::TimePoint started,
                               core::TimePoint now) const;

 private:
  struct Cpu {
    std::uint32_t incarnation = 0;
    core::CpuMeter meter;
  };

  shm::LedgerPool& record_;
  core::Recent recent_;
  core::QueueGauge gauge_;
  std::vector<Cpu> cpu_;
};

}  // namespace ringmaster::daemon
