#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/core/daemon/memory_grant.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/loop/timers.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/session_ending.h"
#include "daemon/sessions/session_ledger.h"
#include "daemon/sessions/session_request.h"
#include "daemon/sessions/session_table.h"

namespace ringmaster::daemon {

/// The supervisor looks at running jobs every 5 ms at most, so that a shorter deadline could not be kept.
inline constexpr std::uint64_t kShortestRunMs = 10;

/// Opens sessions: asked for ─▶ admitted, charged, built ─▶ held by the keeper ─▶ handed out ─▶ mapped by the client,
/// sealed ─▶ in the ledger, attached ─▶ open. Whatever fails on the way ends it. Between the steps others run, so each
/// asks for the session again by its serial. The supervisor's one thread.
class SessionOpening {
 public:
  struct Rooms {
    SessionTable& table;
    SessionLedger& ledger;
    core::QuotaBook& quota;
    DaemonPort& daemon;
    SessionEnding& ending;
  };
  struct Ports {
    Timers& timers;
    /// Seals the segment against further writable mappings, in a thread: who writes to it by write(2) holds a lock that
    /// sealing waits for, and may hold it for as long as they like. `done`: on the supervisor's thread.
    std::function<void(std::uint32_t uid, int segment, std::function<void(const Result<void>&)> done)> seal;
    /// Whether so much may be promised to the uid, with the figures of this moment.
    std::function<core::GrantQuestion(std::uint32_t uid, core::Bytes bytes)> memory;
  };

  SessionOpening(const Rooms& rooms, Ports ports) : rooms_(rooms), ports_(std::move(ports)) {}

  void open(const Peer& peer, SessionWish wish, const SessionAsker& asker);
  /// Its client has mapped both segments.
  void mapped(const Peer& peer, std::uint32_t serial, SessionAsker asker);
  /// A client that has lost its connection asks whether its session is still there.
  void resume(const Peer& peer, const SessionKey& key, const SessionAsker& asker);

  /// The supervisor's own session on a pool, for jobs of one uid. Can be used at once: what is queued before its
  /// workers have it waits in the segment. Null: `why`.
  [[nodiscard]] Session* open_internal(PoolPort& pool, std::uint32_t uid, const shm::SessionGeometry& geometry,
                                       std::string& why);

 private:
  void open_in(PoolPort& pool, const Peer& peer, const SessionWish& wish, const SessionAsker& asker);
  /// The geometry that it gets; its uid is charged.
  OrRefusal<shm::SessionGeometry> admit(const PoolPort& pool, const Peer& peer, const RingWish& wish);
  Result<SessionEntry*> build(PoolPort& pool, const Peer& peer, const shm::SessionGeometry& geometry,
                              std::uint32_t supervisor);
  void hand_out(SessionEntry& entry, const SessionAsker& asker);
  void sealed(std::uint32_t serial, const Result<void>& sealed, const SessionAsker& asker);
  void limit_time(SessionEntry& entry);
  /// In the ledger, then to the workers. `open`: it is on its way to all of them.
  void attach(SessionEntry& entry, std::function<void(SessionEntry&)> open, std::function<void()> ended);
  [[nodiscard]] SessionEntry* still(std::uint32_t serial, SessionState state) const;

  Rooms rooms_;
  Ports ports_;
};

}  // namespace ringmaster::daemon
