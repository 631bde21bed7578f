#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "daemon/loop/event_loop.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

/// A session, and what the supervisor needs for it while it lives.
struct SessionEntry {
  Session session;
  PoolPort* pool = nullptr;
  std::uint64_t connection = 0;  ///< the connection that opens it
  bool sealing = false;          ///< the client has mapped it, and it is being sealed
  UniqueFd client_lifeline;      ///< the client's end, until it is sent
  std::unique_ptr<FdWatch> lifeline_watch;
  std::optional<Timers::TimerId> opening_timer;
};

/// Owns every session of the daemon, by index: the index of its record in the ledger, which workers use too. A serial
/// is never used again, so callbacks find their session by its serial. The supervisor's one thread.
class SessionTable {
 public:
  /// How many indexes are used, by sessions or blocked.
  [[nodiscard]] std::size_t taken() const { return entries_.size() + blocked_.size(); }
  /// The next free index, in rotation, so that a freed one is not used again soon. REQUIRES: there is one.
  [[nodiscard]] std::uint16_t next_place();

  /// REQUIRES: its index is free.
  SessionEntry& add(std::unique_ptr<SessionEntry> entry);
  void remove(std::uint16_t index) { entries_.erase(index); }

  /// Blocks an index that has no session but must not be used.
  void block(std::uint16_t index) { blocked_.insert(index); }
  void unblock(std::uint16_t index) { blocked_.erase(index); }

  /// Null: there is no such session.
  [[nodiscard]] SessionEntry* find(std::uint16_t index, std::uint32_t serial) const;
  [[nodiscard]] SessionEntry* with_serial(std::uint32_t serial) const;
  /// A session that a client of that uid opened.
  [[nodiscard]] SessionEntry* of_client(std::uint32_t uid, std::uint32_t serial) const;

  /// `visit` must not remove sessions.
  void for_each(const std::function<void(SessionEntry&)>& visit) const;

 private:
  std::map<std::uint16_t, std::unique_ptr<SessionEntry>> entries_;
  std::set<std::uint16_t> blocked_;
  std::uint16_t next_ = 0;
};

}  // namespace ringmaster::daemon
