#pragma once

#include <cstdint>

#include "daemon/sessions/session.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// What the ledger says of sessions, for a successor. Only the supervisor's one thread writes it, and may die between
/// any two stores: a record that says Live or Ending is whole.
class SessionLedger {
 public:
  /// REQUIRES: `ledger` outlives this.
  explicit SessionLedger(shm::LedgerRecord& ledger) : ledger_(ledger) {}

  /// A serial that no session has had. One that is lost with a crash is skipped.
  [[nodiscard]] std::uint32_t next_serial();

  /// Workers are about to be given it: a successor takes it up.
  void publish(const Session& session);
  /// A successor ends it. Nothing where the record is another session's, or none's.
  void note_ending(std::uint16_t index, std::uint32_t serial);
  /// A successor finds nothing.
  void clear(std::uint16_t index, std::uint32_t serial);

  [[nodiscard]] shm::LedgerState state(std::uint16_t index) const;
  /// The numbers and the name of a session whose record is whole; without its descriptors and its pool's name.
  [[nodiscard]] Session recall(std::uint16_t index) const;

 private:
  void set_state(std::uint16_t index, std::uint32_t serial, shm::LedgerState state);

  shm::LedgerRecord& ledger_;
};

}  // namespace ringmaster::daemon
