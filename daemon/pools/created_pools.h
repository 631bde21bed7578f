#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/pool_text.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/loop/soon.h"
#include "daemon/pools/pool_record.h"
#include "daemon/pools/pool_set.h"
#include "daemon/ports/pool_maker.h"
#include "daemon/sessions/sessions.h"

namespace ringmaster::daemon {

/// Pools that clients have created, from the wish for one until nothing of it is left: the shell around
/// core::CreatedLife. What each step leaves behind, should this supervisor die, is in shm/DESIGN.md ("Created pools").
/// Owned by the Supervisor; its thread.
class CreatedPools final : public PoolMaker {
 public:
  struct Rooms {
    PoolContext& host;
    PoolSet& pools;
    Sessions& sessions;
    core::QuotaBook& quota;
    DaemonPort& daemon;
  };
  struct Terms {
    config::OwnRights own;           ///< of this process
    core::Duration drain_timeout{};  ///< for running jobs of a pool whose owner is gone, or that says nothing else
  };
  CreatedPools(const Rooms& rooms, Terms terms);
  ~CreatedPools() override;

  // PoolMaker
  void create(const Peer& peer, PoolWish wish, Created done) override;
  void drop(const Peer& peer, const MeantPool& meant, std::optional<core::Duration> timeout, Dropped done) override;
  [[nodiscard]] std::optional<RequestRefusal> resize(const Peer& peer, const MeantPool& meant,
                                                     core::WorkerRange workers) override;

  /// What a predecessor has left: taken up, or undone. Before workers and sessions are.
  void adopt(const TakePoolDeposit& take);
  /// Sessions are there: drains go on, and owners that are gone by now are found. Before pools are started.
  void start();
  /// The daemon stops: none begins to serve any more. Those that do are stopped as all pools are.
  void stop();
  /// A pool's state or its sessions may have changed.
  void look_soon() { look_.ask(); }

 private:
  struct Entry;

  [[nodiscard]] std::optional<RequestRefusal> judge(const Peer& peer, const PoolWish& wish) const;
  [[nodiscard]] OrRefusal<std::unique_ptr<Entry>> prepare(const Peer& peer, const PoolWish& wish);
  [[nodiscard]] std::optional<RequestRefusal> build(Entry& entry, const config::PoolText& text);
  void deposit(Entry& entry);
  [[nodiscard]] Result<void> adopt_one(std::uint32_t index, const TakePoolDeposit& take);
  /// Of that user; of any for an administrator. Null: there is none.
  [[nodiscard]] Entry* find(const Peer& peer, const MeantPool& meant) const;
  [[nodiscard]] RequestRefusal no_such(const Peer& peer, const MeantPool& meant) const;
  [[nodiscard]] std::uint64_t id_of(const Entry& entry) const;

  void tell(Entry& entry, core::CreatedLife::Event event);
  /// Somebody who may has said so, or its owner is gone. `timeout`: for running jobs; the earliest end counts.
  void remove(Entry& entry, core::Duration timeout);
  void serve(Entry& entry);
  void refuse(Entry& entry, RequestRefusal refusal) const;
  void drain(Entry& entry);
  void watch_owner(Entry& entry);
  void lose_owner(Entry& entry);
  void forget(Entry& entry);
  void forgotten(std::uint32_t index);
  void look();

  Rooms rooms_;
  Terms terms_;
  std::map<std::uint32_t, std::unique_ptr<Entry>> entries_;  ///< by the number of the pool
  Soon look_;
};

}  // namespace ringmaster::daemon
