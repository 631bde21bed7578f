#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "daemon/loop/later.h"
#include "daemon/pool/seat/seat.h"
#include "daemon/ports/session_fates.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

/// The sessions that are attached to a pool, and which processes have not detached a session yet that must go. It does
/// not own the sessions; one stays here until no process has it, because a job in it may still have to be resolved.
/// Owned by the pool, on its thread.
class SessionRoster {
 public:
  using Callback = std::function<void()>;
  using Sessions = std::map<std::uint16_t, const Session*>;

  /// `worker_uid`: the uid that the pool's processes run as.
  SessionRoster(std::string pool, uid_t worker_uid, Later later)
      : pool_(std::move(pool)), worker_uid_(worker_uid), later_(std::move(later)) {}

  [[nodiscard]] const Sessions& all() const { return sessions_; }  ///< by index
  [[nodiscard]] const Session* at(std::uint16_t index) const;      ///< null: none is attached
  [[nodiscard]] const Session* find(std::uint16_t index, std::uint32_t serial) const;
  /// The public job id of an intent; 0: no job, or its session is not attached.
  [[nodiscard]] std::uint64_t job_id_of(std::uint64_t intent_bits) const;

  /// The shortest run timeout in force: the least that a session has declared, or `usual`.
  [[nodiscard]] core::Duration shortest_run(core::Duration usual) const;

  /// False: it was here already.
  bool add(const Session& session) { return sessions_.emplace(session.index, &session).second; }
  /// Attaches a session to a process that does not have it. If that fails for lack of descriptors, it is tried again
  /// later (Seat::owes_attach).
  void attach_to(Seat& seat, const Session& session);
  /// Attaches all sessions that are not ending.
  void attach_all_to(Seat& seat);
  /// Tries again what could not be attached.
  void attach_owed(Seat& seat);
  /// Asks every process to detach the session. Calls `done` later, when no process has it.
  void detach(std::uint16_t index, std::uint32_t serial, std::span<Seat> seats, Callback done);
  /// The process has detached the session, or is dead.
  void session_given_back(std::uint32_t serial, shm::Owner owner);
  void process_gone(shm::Owner owner);
  /// A worker reports a session that it cannot use. Ignored unless the session was attached to it.
  void on_broken(PoolWorker& worker, const worker_link::SessionBroken& broken, SessionFates& fates) const;

 private:
  struct Detaching {
    std::uint32_t serial = 0;
    std::set<std::uint32_t> owners;
    Callback done;
  };
  void tell_detached();

  std::string pool_;
  uid_t worker_uid_;
  Later later_;
  Sessions sessions_;
  std::vector<Detaching> detaching_;
};

}  // namespace ringmaster::daemon
