#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/core/death.h"
#include "daemon/core/types.h"
#include "shm/ledger.h"

namespace ringmaster {

/// The last deaths that nobody wanted, as they stand in the ledger: a window on its ring, for the supervisor's one
/// thread. One incident per process: opened when its stack is captured or when its exit is told, closed by the exit.
/// Whoever repeats a step after a predecessor's death finds the incident and changes nothing.
class IncidentLog {
 public:
  /// A process, told from an earlier one of the same incarnation number by its start (CLOCK_MONOTONIC).
  struct Process {
    std::uint32_t pool = 0;
    core::Seat seat = 0;
    std::uint32_t incarnation = 0;
    std::uint64_t started_ns = 0;
  };

  explicit IncidentLog(LedgerRecord& ledger) : ledger_(ledger) {}

  /// The process's incident, a new one if it has none; the oldest of the ring makes room. Its serial. `job_id` 0: it
  /// ran none.
  std::uint64_t open(const Process& process, std::uint64_t job_id, std::string_view handler, std::uint64_t now_ns);
  /// Texts are made clean and cut to their room.
  void set_stack(std::uint64_t serial, std::string_view text);
  /// The first cause stays.
  void close(std::uint64_t serial, const core::DeathCause& cause, std::string_view text);

  /// Null: overwritten, or never there.
  [[nodiscard]] const LedgerIncident* find(std::uint64_t serial) const;
  /// The newest `most` of a pool, or of one seat of it, the newest first.
  [[nodiscard]] std::vector<const LedgerIncident*> last(std::uint32_t pool, std::size_t most,
                                                        std::optional<core::Seat> seat = std::nullopt) const;

 private:
  [[nodiscard]] LedgerIncident* place_of(std::uint64_t serial) const;

  LedgerRecord& ledger_;
};

}  // namespace ringmaster
