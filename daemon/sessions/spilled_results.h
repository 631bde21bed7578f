#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/core/daemon/memory_grant.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/loop/timers.h"
#include "daemon/ports/deposits.h"
#include "daemon/ports/result_rooms.h"
#include "daemon/sessions/session_table.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

/// Results that outgrew their extents, each in a memory file: judged and charged, made, held by the keeper, given to
/// the worker; then opened for the submitter, until the slot has moved on or the session is gone, and nobody has it
/// open. At most one for a slot. The uid of the job is charged for as long as a client or a worker can have it. The
/// supervisor's one thread.
class SpilledResults final : public ResultRooms {
 public:
  struct Rooms {
    SessionTable& table;
    core::QuotaBook& quota;
    Deposits& deposits;
  };
  struct Ports {
    Timers& timers;
    /// The question whether the uid may be granted so much, with the current figures.
    std::function<core::GrantQuestion(std::uint32_t uid, core::Bytes bytes)> memory;
    /// Takes the pages of [offset, offset + bytes) in a thread, since many take a while. `done` is called on the
    /// supervisor's thread.
    std::function<void(std::uint32_t uid, int file, std::uint64_t offset, std::uint64_t bytes,
                       std::function<void(const Result<void>&)> done)>
        reserve;
  };

  SpilledResults(const Rooms& rooms, Ports ports) : rooms_(rooms), ports_(std::move(ports)) {}
  ~SpilledResults() override;
  SpilledResults(const SpilledResults&) = delete;
  SpilledResults& operator=(const SpilledResults&) = delete;

  // ResultRooms
  void ask(const RoomWish& wish, Answer answer) override;

  /// A descriptor for reading the result, `bytes` long or longer, of a job that has ended. May be asked for again.
  [[nodiscard]] Result<UniqueFd> open(std::uint32_t serial, std::uint32_t seq, std::uint64_t bytes);
  /// The session is in the table no more.
  void session_gone(std::uint32_t serial);
  /// A predecessor's file, which the keeper holds. `take` is called if a job still needs it. After the sessions.
  void adopt(std::uint32_t serial, std::uint32_t seq, const std::function<UniqueFd()>& take);

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // serial, slot
  struct Spilled {
    std::uint32_t uid = 0;
    std::uint32_t serial = 0;
    std::uint32_t seq = 0;
    std::uint64_t ticket = 0;  // tells it from an earlier one for the same job
    std::uint64_t bytes = 0;   // charged
    std::uint64_t room = 0;    // with pages
    UniqueFd file;
    bool deposited = false;
    unsigned offers = 0;  // to readers
    bool sized = false;   // charged for what it takes up, now that it is sealed
    std::uint64_t needed = 0;
    Answer answer;  // owed
  };
  using At = std::map<Key, Spilled>::iterator;

  [[nodiscard]] Result<SessionEntry*> running(const RoomWish& wish) const;
  [[nodiscard]] Result<std::uint64_t> judge(std::uint32_t uid, const RoomWish& wish, std::uint64_t has) const;
  [[nodiscard]] Result<void> lengthen(Spilled& spilled, std::uint64_t bytes) const;
  void reserve(const Key& key, Spilled& spilled);
  void reserved(const Key& key, std::uint64_t ticket, std::uint64_t more, const Result<void>& done);
  void deposit(const Key& key, Spilled& spilled);
  void give(Spilled& spilled) const;
  void refuse(At at, Error why);
  [[nodiscard]] At still(const Key& key, std::uint64_t ticket);
  [[nodiscard]] std::uint64_t count_of(std::uint32_t uid) const;
  void let_go(At at);
  void end(Spilled& spilled) const;
  void release(Spilled& spilled) const;
  void arm_sweep();
  void sweep();
  [[nodiscard]] bool is_wanted(const Key& key, const Spilled& spilled) const;
  [[nodiscard]] shm::SlotWord word_at(const Key& key) const;
  void size(Spilled& spilled) const;

  Rooms rooms_;
  Ports ports_;
  std::map<Key, Spilled> results_;
  std::vector<Spilled> lent_;    // no longer needed, but a client or a worker has them open
  std::uint64_t reserving_ = 0;  // bytes whose pages are being taken
  std::uint64_t last_ticket_ = 0;
  std::optional<Timers::TimerId> sweep_timer_;
};

}  // namespace ringmaster::daemon
