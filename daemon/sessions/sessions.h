#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/core/daemon/memory_grant.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/loop/event_loop.h"
#include "daemon/ports/pool_port.h"
#include "daemon/ports/session_view.h"
#include "daemon/sessions/parcels.h"
#include "daemon/sessions/session_adoption.h"
#include "daemon/sessions/session_ending.h"
#include "daemon/sessions/session_ledger.h"
#include "daemon/sessions/session_opening.h"
#include "daemon/sessions/session_table.h"
#include "daemon/sessions/spilled_results.h"

namespace ringmaster::daemon {

/// The sessions of the daemon: puts this folder's parts together, with functions for each kind of caller. The
/// supervisor's one thread.
class Sessions {
 public:
  using InternalGone = std::function<void(std::uint32_t serial)>;
  /// `internal_gone` is called before one of the supervisor's own sessions is removed; all its jobs are terminal then.
  /// `gone` is called after any session was removed.
  Sessions(
      EventLoop& loop, DaemonPort& daemon, core::QuotaBook& quota, InternalGone internal_gone = [](std::uint32_t) {},
      std::function<void()> gone = [] {});

  /// For clients.
  void open(const Peer& peer, SessionWish wish, const SessionAsker& asker) {
    opening_.open(peer, std::move(wish), asker);
  }
  void mapped(const Peer& peer, std::uint32_t serial, SessionAsker asker) {
    opening_.mapped(peer, serial, std::move(asker));
  }
  void resume(const Peer& peer, const SessionKey& key, const SessionAsker& asker) { opening_.resume(peer, key, asker); }
  void close(const Peer& peer, const SessionKey& key, const SessionAsker& asker) { ending_.close(peer, key, asker); }
  /// The result of a job that has ended in one of the client's sessions, if it outgrew its extent.
  void fetch_result(const Peer& peer, std::uint64_t job_id, const SessionAsker& asker);
  /// Memory for a request that is larger than the ring of the client's session.
  void open_parcel(const Peer& peer, std::uint32_t serial, std::uint64_t bytes, const SessionAsker& asker);
  void connection_closed(std::uint64_t connection) { ending_.connection_closed(connection); }
  [[nodiscard]] std::vector<SessionView> views() const;

  /// For pools.
  [[nodiscard]] SessionFates& fates() { return ending_; }
  [[nodiscard]] ResultRooms& result_rooms() { return spilled_; }
  [[nodiscard]] RequestParcels& parcels() { return parcels_; }
  /// Each session of the pool that workers may have mapped.
  void for_each(std::uint32_t pool, const std::function<void(Session&)>& visit) const;
  void for_each(const std::function<void(const Session&)>& visit) const;
  /// For a pool that is about to go: whether any session, in whatever state, is on it; and the end of all of these.
  [[nodiscard]] bool any_on(std::uint32_t pool) const;
  void end_all_on(std::uint32_t pool, Cause cause) { ending_.end_all_on(pool, cause); }

  /// For jobs that come as messages: see SessionOpening.
  [[nodiscard]] Session* open_internal(PoolPort& pool, std::uint32_t uid, const shm::SessionGeometry& geometry,
                                       std::string& why) {
    return opening_.open_internal(pool, uid, geometry, why);
  }
  void end(std::uint16_t index, std::uint32_t serial, Cause cause) { ending_.end(index, serial, cause); }
  [[nodiscard]] Result<UniqueFd> open_spilled(std::uint32_t serial, std::uint32_t seq, std::uint64_t bytes) {
    return spilled_.open(serial, seq, bytes);
  }
  [[nodiscard]] core::QuotaBook& quota() { return quota_; }
  /// The question whether the uid may be granted so much more, with the current figures.
  [[nodiscard]] core::GrantQuestion memory_for(std::uint32_t uid, core::Bytes bytes) const;

  /// For the supervisor's start and end.
  void adopt(const TakeDeposit& take, bool cold, const std::function<void(Session&)>& predecessors) {
    adoption_.adopt(take, cold, predecessors);
  }
  void adopt_spilled(std::uint32_t serial, std::uint32_t seq, const std::function<UniqueFd()>& take) {
    spilled_.adopt(serial, seq, take);
  }
  void adopt_parcel(std::uint32_t serial, std::uint32_t number, UniqueFd file) {
    parcels_.adopt(serial, number, std::move(file));
  }
  void end_all_sessions(Cause cause) { ending_.end_all(cause); }

 private:
  DaemonPort& daemon_;
  core::QuotaBook& quota_;
  SessionTable table_;
  SessionLedger ledger_;
  Parcels parcels_;
  SpilledResults spilled_;
  SessionEnding ending_;
  SessionOpening opening_;
  SessionAdoption adoption_;
};

}  // namespace ringmaster::daemon
