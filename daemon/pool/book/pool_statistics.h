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

/// What a pool's figures were lately and how full its queue is. Fed at the pool's looks, which happen anyway; costs no
/// timer and no wake-up. Rates and windows begin anew with each supervisor, counts do not. The pool's, on its thread.
class PoolStatistics {
 public:
  /// `record`: the pool's, for what outlives this supervisor.
  PoolStatistics(shm::LedgerPool& record, std::size_t seats) : record_(record), cpu_(seats) {}

  /// note() has something to gain.
  [[nodiscard]] bool due(core::TimePoint now) const { return recent_.due(now); }
  /// `total`: with the living. `slept`: nobody looked since the last note, because every worker slept.
  void note(core::TimePoint now, const shm::LedgerTally& total, bool slept);
  /// At a look, of a process that lives. Reads /proc at most once a second.
  void note_process(core::SeatNumber seat, std::uint32_t incarnation, pid_t pid, core::TimePoint now);

  /// Fed by the pool's walk over what waits; a status walks with a copy.
  [[nodiscard]] core::QueueGauge& gauge() { return gauge_; }
  [[nodiscard]] const core::QueueGauge& gauge() const { return gauge_; }
  /// After a walk: the most that were ever found go on record.
  void queue_seen(const core::QueueGauge& gauge) const;
  /// The submits that a session's client has refused for a full queue since the last call go on record.
  void take_refusals(const Session& session) const;

  [[nodiscard]] PoolFigures figures(core::TimePoint now, const shm::LedgerTally& total,
                                    const core::QueueGauge& gauge) const;
  /// Of a process that lives.
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
