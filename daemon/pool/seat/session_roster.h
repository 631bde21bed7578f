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

/// The sessions that are attached to a pool, and which of its processes still have one that was taken back. A session
/// is its owner's, and stays here until no process has it: a death meanwhile is still resolved there. Its pool's, on
/// its thread.
class SessionRoster {
 public:
  using Callback = std::function<void()>;
  using Sessions = std::map<std::uint16_t, const Session*>;

  /// `worker_uid`: as whom the pool's processes run.
  SessionRoster(std::string pool, uid_t worker_uid, Later later)
      : pool_(std::move(pool)), worker_uid_(worker_uid), later_(std::move(later)) {}

  [[nodiscard]] const Sessions& all() const { return sessions_; }  ///< by index
  [[nodiscard]] const Session* at(std::uint16_t index) const;      ///< null: none is attached
  [[nodiscard]] const Session* find(std::uint16_t index, std::uint32_t serial) const;
  /// 0: nothing, or a job of no session that is attached.
  [[nodiscard]] std::uint64_t job_id_of(std::uint64_t intent_bits) const;

  /// The shortest run deadline in force: of the sessions that declare one, or `usual`.
  [[nodiscard]] core::Duration shortest_run(core::Duration usual) const;

  /// False: it was here already.
  bool add(const Session& session) { return sessions_.emplace(session.index, &session).second; }
  /// Gives it to a process that does not hold it; what cannot be given now, for want of descriptors, the seat owes.
  void attach_to(Seat& seat, const Session& session);
  /// All that do not end.
  void attach_all_to(Seat& seat);
  /// Tries again what could not be given.
  void attach_owed(Seat& seat);
  /// Asks every process for it. `done`, never within the call: none has it any more.
  void detach(std::uint16_t index, std::uint32_t serial, std::span<Seat> seats, Callback done);
  /// That process has it no more, or has nothing any more.
  void session_given_back(std::uint32_t serial, shm::Owner owner);
  void process_gone(shm::Owner owner);
  /// A worker cannot use one of them. It is believed for what it was given, and for nothing else.
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
