#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "daemon/pool/seat/seat.h"
#include "daemon/ports/session_fates.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

/// Finds impossible slot words and descriptors, which only a client can have written, so that they cannot keep the
/// supervisor waiting or awake. Used for one pass over the sessions; the sessions that it found are ended afterwards.
class WordAudit {
 public:
  /// False: the word or the descriptor of this slot, which has a hint, is impossible.
  bool can_be(const Session& session, std::uint32_t slot, shm::SlotWord seen);
  /// Called when no worker runs a job: true if a dead owner of a slot has not been resolved yet. A word whose owner
  /// does not have the job was forged, and would keep a drain from ending.
  bool any_owned(const std::map<std::uint16_t, const Session*>& sessions, std::span<const Seat> seats);
  /// Ends the sessions that were found.
  void end_broken(SessionFates& sessions);

 private:
  void blame(const Session& session, std::string_view reason) { broken_.try_emplace(&session, reason); }

  std::map<const Session*, std::string_view> broken_;
};

}  // namespace ringmaster::daemon
