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
  std::uint64_t connection = 0;  ///< that opens it
  bool sealing = false;          ///< its client has mapped it
  UniqueFd client_lifeline;      ///< until it is sent
  std::unique_ptr<FdWatch> lifeline_watch;
  std::optional<Timers::TimerId> opening_timer;
};

/// Owns every session of the daemon, by index. An index is a place in the ledger and the name that workers know; a
/// serial never comes again, so whoever comes back later asks by serial. The supervisor's one thread.
class SessionTable {
 public:
  /// How many places are taken, by sessions or otherwise.
  [[nodiscard]] std::size_t taken() const { return entries_.size() + blocked_.size(); }
  /// The next free place, after those that were given before: one that was just given back rests. REQUIRES: there is
  /// one.
  [[nodiscard]] std::uint16_t next_place();

  /// REQUIRES: its index is free.
  SessionEntry& add(std::unique_ptr<SessionEntry> entry);
  void remove(std::uint16_t index) { entries_.erase(index); }

  /// A place without a session that nobody else may have.
  void block(std::uint16_t index) { blocked_.insert(index); }
  void unblock(std::uint16_t index) { blocked_.erase(index); }

  /// Null: there is none (any more).
  [[nodiscard]] SessionEntry* find(std::uint16_t index, std::uint32_t serial) const;
  [[nodiscard]] SessionEntry* with_serial(std::uint32_t serial) const;
  /// One that a client of that uid opened.
  [[nodiscard]] SessionEntry* of_client(std::uint32_t uid, std::uint32_t serial) const;

  /// None may be removed meanwhile.
  void for_each(const std::function<void(SessionEntry&)>& visit) const;

 private:
  std::map<std::uint16_t, std::unique_ptr<SessionEntry>> entries_;
  std::set<std::uint16_t> blocked_;
  std::uint16_t next_ = 0;
};

}  // namespace ringmaster::daemon
