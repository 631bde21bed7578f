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

/// Ends sessions, for whatever reason: their client closes them or is gone (the lifeline), breaks a rule, or the pool
/// or the daemon ends. Queued jobs end with the cause, running ones are asked to stop, and every worker is told to let
/// go. When none has it mapped any more, ledger entry, session and deposits go, in this order, and its uid gets back
/// what it was charged. The supervisor's one thread.
class SessionEnding final : public SessionFates {
 public:
  struct Rooms {
    SessionTable& table;
    SessionLedger& ledger;
    core::QuotaBook& quota;
    Deposits& deposits;
  };
  /// Tells its argument each time the descriptor is readable or has hung up, while the watch lives.
  using Watch = std::function<std::unique_ptr<FdWatch>(int fd, std::function<void()> readable)>;
  struct Ports {
    Timers& timers;
    Watch watch;
    /// Told of each of the supervisor's own sessions that is about to go, all its jobs being terminal.
    std::function<void(std::uint32_t serial)> internal_gone = [](std::uint32_t) {};
  };

  SessionEnding(const Rooms& rooms, Ports ports) : rooms_(rooms), ports_(std::move(ports)) {}

  /// Harmless where it ends already; the first cause stays.
  void begin(SessionEntry& entry, Cause cause);
  void end(std::uint16_t index, std::uint32_t serial, Cause cause);
  void end_all(Cause cause);
  /// The connection is gone: what it had not finished opening ends.
  void connection_closed(std::uint64_t connection);
  /// For a client that knows its cookie.
  void close(const Peer& peer, const SessionKey& key, const SessionAsker& asker);
  /// From now on its client's farewell or death ends it.
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
