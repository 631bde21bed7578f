#pragma once

#include <cstdint>

#include "daemon/sessions/session.h"
#include "shm/cause.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// The records of sessions in the ledger, for a successor. Only the supervisor's one thread writes them, and it may die
/// between any two stores: a record that says Live or Ending is complete.
class SessionLedger {
 public:
  /// REQUIRES: `ledger` outlives this.
  explicit SessionLedger(shm::LedgerRecord& ledger) : ledger_(ledger) {}

  /// A serial that no session has had. One that was lost in a crash is skipped.
  [[nodiscard]] std::uint32_t next_serial();

  /// Called before workers get the session: from now on a successor takes it up.
  void publish(const Session& session);
  /// From now on a successor ends it. Does nothing if the record does not belong to this session.
  void note_ending(std::uint16_t index, std::uint32_t serial);
  /// Removes the record.
  void clear(std::uint16_t index, std::uint32_t serial);

  [[nodiscard]] shm::LedgerState state(std::uint16_t index) const;
  /// Why a session ends whose end a predecessor had begun.
  [[nodiscard]] Cause end_of(std::uint16_t index) const;
  /// The session of a complete record, without its descriptors and its pool's name.
  [[nodiscard]] Session recall(std::uint16_t index) const;

 private:
  void set_state(std::uint16_t index, std::uint32_t serial, shm::LedgerState state);

  shm::LedgerRecord& ledger_;
};

}  // namespace ringmaster::daemon
