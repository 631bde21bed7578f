#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/core/worker/death.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// The last deaths that nobody wanted, as they stand in the ledger: a window on its ring, for the supervisor's one
/// thread. One incident per process: opened when its stack is captured or when its exit is told, closed by the exit.
/// Whoever repeats a step after a predecessor's death finds the incident and changes nothing.
class IncidentLog {
 public:
  /// A process, told from an earlier one of the same incarnation number by its start (CLOCK_MONOTONIC).
  struct Process {
    std::uint32_t pool = 0;
    core::SeatNumber seat = 0;
    std::uint32_t incarnation = 0;
    std::uint64_t started_ns = 0;
  };

  /// What the process ran.
  struct Job {
    std::uint64_t id = 0;             ///< 0: nothing
    std::uint32_t uid = shm::kNoUid;  ///< of its submitter
    std::string handler;
  };

  explicit IncidentLog(shm::LedgerRecord& ledger) : ledger_(ledger) {}

  /// The process's incident, a new one if it has none; the oldest of the ring makes room. Its serial.
  std::uint64_t open(const Process& process, const Job& job, std::uint64_t now_ns);
  /// Texts are made clean and cut to their room.
  void set_stack(std::uint64_t serial, std::string_view text, std::string_view full);
  /// Its stack is the one of `first`, whatever will be known of that.
  void share_stack(std::uint64_t serial, std::uint64_t first);
  void set_core(std::uint64_t serial, std::string_view text);
  void set_what(std::uint64_t serial, std::string_view text);
  /// The first cause stays.
  void close(std::uint64_t serial, const core::DeathCause& cause, std::string_view text);

  /// Null: overwritten, or never there.
  [[nodiscard]] const shm::LedgerIncident* find(std::uint64_t serial) const;
  /// The newest in which that job lost its worker.
  [[nodiscard]] const shm::LedgerIncident* of_job(std::uint64_t job_id) const;
  /// The stacks of an incident: its own, or those of the one that it shares them with, if that is still there.
  [[nodiscard]] const char* stack_of(const shm::LedgerIncident& incident) const;
  [[nodiscard]] std::string stack_at(std::uint64_t serial) const;
  [[nodiscard]] const char* full_stack_of(const shm::LedgerIncident& incident) const;
  /// The newest `most` of a pool, or of one seat of it, the newest first.
  [[nodiscard]] std::vector<const shm::LedgerIncident*> last(std::uint32_t pool, std::size_t most,
                                                             std::optional<core::SeatNumber> seat = std::nullopt) const;

 private:
  [[nodiscard]] shm::LedgerIncident* place_of(std::uint64_t serial) const;
  [[nodiscard]] const shm::LedgerIncident& holder_of(const shm::LedgerIncident& incident) const;

  shm::LedgerRecord& ledger_;
};

}  // namespace ringmaster::daemon
