#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/sessions/session_deposits.h"
#include "daemon/sessions/session_rooms.h"

namespace ringmaster::daemon {

/// Takes up a predecessor's sessions, before the first request: by their records in the ledger and the descriptors that
/// the keeper has held. A session that cannot be taken up is lost; its index and its uid's charge stay until no worker
/// has it. The supervisor's one thread.
class SessionAdoption {
 public:
  explicit SessionAdoption(const SessionRooms& rooms) : rooms_(rooms) {}

  /// `cold`: all end as lost. `predecessors` is called for each session whose client was an earlier supervisor.
  void adopt(const TakeDeposit& take, bool cold, const std::function<void(Session&)>& predecessors);

 private:
  Result<SessionEntry*> adopt_one(std::uint16_t index, const TakeDeposit& take);
  void lose(std::uint16_t index, const std::string& why);

  SessionRooms rooms_;
};

}  // namespace ringmaster::daemon
