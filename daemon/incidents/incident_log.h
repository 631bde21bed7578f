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

/// The last unwanted deaths, in the ledger's ring of incidents. The supervisor's one thread. There is one incident per
/// process: opened when its stack is captured or its exit is reported, closed by the exit. A successor that repeats a
/// step finds the incident and changes nothing.
class IncidentLog {
 public:
  /// Identifies a process. Its start (CLOCK_MONOTONIC) distinguishes it from an earlier one with the same incarnation.
  struct Process {
    std::uint32_t pool = 0;
    core::SeatNumber seat = 0;
    std::uint32_t incarnation = 0;
    std::uint64_t started_ns = 0;
  };

  /// The job that the process ran.
  struct Job {
    std::uint64_t id = 0;             ///< 0: nothing
    std::uint32_t uid = shm::kNoUid;  ///< of its submitter
    std::string handler;
    std::string label = {};  ///< what its submitter calls it
  };

  explicit IncidentLog(shm::LedgerRecord& ledger) : ledger_(ledger) {}

  /// Returns the serial of the process's incident; opens one if there is none, over the oldest in the ring.
  std::uint64_t open(const Process& process, const Job& job, std::uint64_t now_ns);
  /// The texts are cleaned, and cut to fit.
  void set_stack(std::uint64_t serial, std::string_view text, std::string_view full);
  /// Its stack is the one of incident `first`, now and later.
  void share_stack(std::uint64_t serial, std::uint64_t first);
  void set_core(std::uint64_t serial, std::string_view text);
  void set_what(std::uint64_t serial, std::string_view text);
  /// If it is closed already, the first cause stays.
  void close(std::uint64_t serial, const core::DeathCause& cause, std::string_view text);

  /// Null: it was overwritten, or never existed.
  [[nodiscard]] const shm::LedgerIncident* find(std::uint64_t serial) const;
  /// The newest incident in which a worker died over that job.
  [[nodiscard]] const shm::LedgerIncident* of_job(std::uint64_t job_id) const;
  /// The name of its pool; "a removed pool" if another one has its place by now.
  [[nodiscard]] std::string pool_of(const shm::LedgerIncident& incident) const;
  /// The stacks of an incident: its own, or those of the incident that it shares them with, if that still exists.
  [[nodiscard]] const char* stack_of(const shm::LedgerIncident& incident) const;
  [[nodiscard]] std::string stack_at(std::uint64_t serial) const;
  [[nodiscard]] const char* full_stack_of(const shm::LedgerIncident& incident) const;
  /// The last `most` incidents of a pool, or of one seat, the newest first.
  [[nodiscard]] std::vector<const shm::LedgerIncident*> last(std::uint32_t pool, std::size_t most,
                                                             std::optional<core::SeatNumber> seat = std::nullopt) const;

 private:
  [[nodiscard]] shm::LedgerIncident* place_of(std::uint64_t serial) const;
  [[nodiscard]] const shm::LedgerIncident& holder_of(const shm::LedgerIncident& incident) const;

  shm::LedgerRecord& ledger_;
};

}  // namespace ringmaster::daemon
