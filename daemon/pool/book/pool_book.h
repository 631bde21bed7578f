#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/incidents/incident_log.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// What a pool records in the ledger for a successor: counts and unwanted deaths. Also what is known of each seat's
/// last death. Owned by the pool, on its thread.
class PoolBook {
 public:
  PoolBook(shm::LedgerRecord& ledger, std::uint32_t pool, std::size_t seats)
      : ledger_(ledger), pool_(pool), last_of_seat_(seats) {}

  /// What the pool's dead workers have done. Single events are added to it in place.
  [[nodiscard]] shm::LedgerTally& tally() const { return shm::tally_of(ledger_.pools[pool_]); }
  /// The tally plus the lanes of workers that are not counted in it yet.
  [[nodiscard]] shm::LedgerTally total(std::span<const shm::LaneRecord* const> uncounted) const;
  /// Counts a death: its lane (null: lost) and the attempt that it cut short. Does nothing if a predecessor has counted
  /// it already.
  void add_counts(shm::Owner owner, const shm::LaneRecord* lane,
                  const std::optional<shm::AttemptTimes>& cut_short) const;

  struct Death {
    core::SeatNumber seat = 0;
    std::uint32_t incarnation = 0;
    std::uint64_t started_ns = 0;
    IncidentLog::Job job;
    core::DeathCause cause;
    std::string text;        ///< the cause in words
    std::string core_place;  ///< empty: no core was written
  };
  /// Records an unwanted death.
  void note_death(const Death& death, std::uint64_t now_ns);
  /// Notes that no process could be started, which is not an incident.
  void note_no_start(core::SeatNumber seat, const std::string& why);
  /// Reads the last deaths that a predecessor recorded.
  void restore();

  /// The last unwanted death, of the pool and of one seat; empty: none.
  [[nodiscard]] const std::string& last_death() const { return last_death_; }
  [[nodiscard]] const std::string& last_death(core::SeatNumber seat) const { return last_of_seat_[seat].text; }
  /// The first line of the stack of the seat's last death; empty: no stack.
  [[nodiscard]] std::string last_stack(core::SeatNumber seat) const;

 private:
  struct Last {
    std::string text;
    std::uint64_t incident = 0;  ///< serial; 0: none is in the ledger
  };

  shm::LedgerRecord& ledger_;
  std::uint32_t pool_;
  std::vector<Last> last_of_seat_;
  std::string last_death_;
};

}  // namespace ringmaster::daemon
