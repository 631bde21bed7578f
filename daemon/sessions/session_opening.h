#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/core/daemon/memory_grant.h"
#include "daemon/loop/timers.h"
#include "daemon/ports/peer.h"
#include "daemon/sessions/session_request.h"
#include "daemon/sessions/session_rooms.h"

namespace ringmaster::daemon {

/// The supervisor looks at running jobs at most every 5 ms, so a shorter timeout could not be kept.
inline constexpr std::uint64_t kShortestRunMs = 10;

/// Opens sessions: asked for ─▶ admitted, charged, built ─▶ held by the keeper ─▶ sent to the client ─▶ mapped by it,
/// sealed ─▶ in the ledger, attached ─▶ open. A failure at any step ends the session. Other events run between the
/// steps, so each step finds the session again by its serial. The supervisor's one thread.
class SessionOpening {
 public:
  struct Ports {
    Timers& timers;
    /// Seals the segment against further writable mappings, in a thread, because a client inside write(2) can make that
    /// block for as long as it likes. `done` is called on the supervisor's thread.
    std::function<void(std::uint32_t uid, int segment, std::function<void(const Result<void>&)> done)> seal;
    /// The question whether the uid may be granted so much, with the current figures.
    std::function<core::GrantQuestion(std::uint32_t uid, core::Bytes bytes)> memory;
  };

  SessionOpening(const SessionRooms& rooms, Ports ports) : rooms_(rooms), ports_(std::move(ports)) {}

  void open(const Peer& peer, SessionWish wish, const SessionAsker& asker);
  /// The client has mapped both segments.
  void mapped(const Peer& peer, std::uint32_t serial, SessionAsker asker);
  /// A client that has lost its connection asks whether its session is still there.
  void resume(const Peer& peer, const SessionKey& key, const SessionAsker& asker);

  /// Opens a session of the supervisor's own with a pool, for jobs of one uid. It can be used at once: jobs that are
  /// queued before the workers have it wait in the segment. Null: `why` tells the reason.
  [[nodiscard]] Session* open_internal(PoolPort& pool, std::uint32_t uid, const shm::SessionGeometry& geometry,
                                       std::string& why);

 private:
  void open_in(PoolPort& pool, const Peer& peer, const SessionWish& wish, const SessionAsker& asker);
  /// The geometry that the session gets; charges its uid.
  OrRefusal<shm::SessionGeometry> admit(const PoolPort& pool, const Peer& peer, const RingWish& wish);
  Result<SessionEntry*> build(PoolPort& pool, const Peer& peer, const shm::SessionGeometry& geometry,
                              std::uint32_t supervisor);
  void hand_out(SessionEntry& entry, const SessionAsker& asker);
  void sealed(std::uint32_t serial, const Result<void>& sealed, const SessionAsker& asker);
  /// A worker is ready, or has been.
  void enter(SessionEntry& entry, const SessionAsker& asker);
  void limit_time(SessionEntry& entry);
  /// Publishes the session in the ledger, then attaches the workers. `open` is called when all have been told.
  void attach(SessionEntry& entry, std::function<void(SessionEntry&)> open, std::function<void()> ended);
  [[nodiscard]] SessionEntry* still(std::uint32_t serial, SessionState state) const;

  SessionRooms rooms_;
  Ports ports_;
};

}  // namespace ringmaster::daemon
