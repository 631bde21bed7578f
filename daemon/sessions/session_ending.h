#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "daemon/core/daemon/quota.h"
#include "daemon/loop/timers.h"
#include "daemon/ports/deposits.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/session_fates.h"
#include "daemon/sessions/session_ledger.h"
#include "daemon/sessions/session_request.h"
#include "daemon/sessions/session_table.h"

namespace ringmaster::daemon {

/// Ends sessions: when their client closes them, is gone (lifeline) or breaks a rule, or when the pool or daemon ends.
/// Queued jobs end with the cause, running ones are asked to stop, and every worker is told to detach. When no worker
/// has it mapped, the ledger's record, the session and its deposits are removed in this order, and its uid is charged
/// no more. The supervisor's one thread.
class SessionEnding final : public SessionFates {
 public:
  struct Rooms {
    SessionTable& table;
    SessionLedger& ledger;
    core::QuotaBook& quota;
    Deposits& deposits;
  };
  /// Calls `readable` each time the descriptor is readable or has hung up, while the returned watch lives.
  using Watch = std::function<std::unique_ptr<FdWatch>(int fd, std::function<void()> readable)>;
  struct Ports {
    Timers& timers;
    Watch watch;
    /// Called before one of the supervisor's own sessions is removed; all its jobs are terminal then.
    std::function<void(std::uint32_t serial)> internal_gone = [](std::uint32_t) {};
    std::function<void(std::uint32_t serial)> gone = [](std::uint32_t) {};  ///< told after any session is gone
  };

  SessionEnding(const Rooms& rooms, Ports ports) : rooms_(rooms), ports_(std::move(ports)) {}

  /// Starts to end the session. If it is ending already, nothing changes: the first cause stays.
  void begin(SessionEntry& entry, Cause cause);
  void end(std::uint16_t index, std::uint32_t serial, Cause cause);
  void end_all(Cause cause);
  void end_all_on(std::uint32_t pool, Cause cause);
  /// The connection is gone: ends sessions that it had not finished opening.
  void connection_closed(std::uint64_t connection);
  /// Closes a session for a client that knows its cookie.
  void close(const Peer& peer, const SessionKey& key, const SessionAsker& asker);
  /// From now on the client's farewell or death ends the session.
  void watch_lifeline(SessionEntry& entry);

  // SessionFates
  void broken(std::uint16_t index, std::uint32_t serial, std::string_view reason) override;
  void lost(std::uint16_t index, std::uint32_t serial) override { end(index, serial, Cause::Lost); }
  unsigned end_queued(std::optional<std::uint32_t> pool, Cause cause) override;
  void count_crash(std::uint32_t uid) override { rooms_.quota.count_crash(ports_.timers.now(), uid); }
  void end_those_with_holes() override;

 private:
  void forget(std::uint16_t index, std::uint32_t serial);
  void give_back(const Session& session);

  Rooms rooms_;
  Ports ports_;
  std::optional<core::TimePoint> holes_looked_;
};

}  // namespace ringmaster::daemon
