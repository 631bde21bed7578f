#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/unique_fd.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/core/daemon/room_grant.h"
#include "daemon/loop/timers.h"
#include "daemon/ports/deposits.h"
#include "daemon/ports/request_parcels.h"
#include "daemon/sessions/session_request.h"
#include "daemon/sessions/session_table.h"

namespace ringmaster::daemon {

/// Requests that are larger than their session's ring, each in a memory file: judged and charged, made, held by the
/// keeper, given to the client to be written, and then to each worker that has claimed its job. A file is kept, and its
/// uid charged, until nobody else has it open. The supervisor's one thread.
class Parcels final : public RequestParcels {
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
  };

  Parcels(const Rooms& rooms, Ports ports) : rooms_(rooms), ports_(std::move(ports)) {}
  ~Parcels() override;
  Parcels(const Parcels&) = delete;
  Parcels& operator=(const Parcels&) = delete;

  /// For the client of `session`, which is open. `asker` gets a ParcelOffer.
  void open(const Session& session, std::uint64_t bytes, SessionAsker asker);

  // RequestParcels
  [[nodiscard]] Result<RoomGiven> parcel(const ParcelWish& wish) override;

  /// A predecessor's file, which the keeper holds; released if nobody has it open. After the sessions.
  void adopt(std::uint32_t serial, std::uint32_t number, UniqueFd file);

  /// Adds what clients were granted here and have not reserved yet.
  void add_untouched(core::GrantQuestion& question) const;

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // the session's serial, number
  struct Parcel {
    std::uint32_t uid = 0;
    std::uint64_t bytes = 0;  // charged
    UniqueFd file;
    bool given = false;  // the keeper holds it, so its client may have it
  };
  using All = std::map<Key, Parcel>;

  [[nodiscard]] core::RoomQuestion question(std::uint32_t uid, std::uint64_t bytes) const;
  [[nodiscard]] RequestRefusal refusal_of(const core::RoomRefusal& refused, std::uint32_t uid,
                                          std::uint64_t bytes) const;
  void held(const Key& key, bool held, const SessionAsker& asker);
  void end(All::iterator at);
  void sweep(std::optional<std::uint32_t> uid);
  void arm_sweep();

  Rooms rooms_;
  Ports ports_;
  All parcels_;
  std::uint32_t last_number_ = 0;
  std::optional<Timers::TimerId> sweep_timer_;
};

}  // namespace ringmaster::daemon
