#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "daemon/pool/seat/seat.h"
#include "daemon/ports/session_fates.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

/// Looks at words that clients can write for what nobody may have written, so that no such word keeps the supervisor
/// waiting or awake: its session ends. One round of looks; what it finds is acted upon at the end, when nobody walks
/// through the sessions any more.
class WordAudit {
 public:
  /// False: a hint points to this slot, and its word or its descriptor cannot be.
  bool can_be(const Session& session, std::uint32_t slot, shm::SlotWord seen);
  /// While no worker runs a job: true when a slot's owner is not resolved yet. A word that names an owner who does not
  /// have the job is its client's invention, and would keep the pool from being drained for ever.
  bool any_owned(const std::map<std::uint16_t, const Session*>& sessions, std::span<const Seat> seats);
  /// Ends the sessions that were found.
  void end_broken(SessionFates& sessions);

 private:
  void blame(const Session& session, std::string_view reason) { broken_.try_emplace(&session, reason); }

  std::map<const Session*, std::string_view> broken_;
};

}  // namespace ringmaster::daemon
