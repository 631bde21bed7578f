#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "daemon/core/pool/worker_range.h"
#include "daemon/core/types.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/request_refusal.h"

namespace ringmaster::daemon {

/// A pool as a client asks for it.
struct PoolWish {
  std::string name;                ///< without its owner's prefix
  std::string text;                ///< TOML of one pool's table
  std::string folder;              ///< absolute, what relative paths in it stand for; empty: there are none
  std::uint32_t workers = 0;       ///< 0: as the text says
  std::uint32_t most_workers = 0;  ///< 0: as workers
  std::uint32_t min_workers = 0;   ///< 0: as workers
};

/// A pool that was created. Its owner is there for as long as a copy of `lifeline` is open and nothing was written.
struct PoolOffer {
  std::string name;
  std::uint64_t id = 0;  ///< never another pool's
  UniqueFd lifeline;
};

/// The pool of that name: in full, or of the peer's own without the prefix. With an id only the very one that got it.
struct MeantPool {
  std::string name;
  std::uint64_t id = 0;
};

/// Pools that clients create, change and drop while the daemon runs. One thread. Each answer comes once, now or later.
class PoolMaker {
 public:
  using Created = std::function<void(OrRefusal<PoolOffer>&&)>;
  using Dropped = std::function<void(std::optional<RequestRefusal>)>;  ///< nullopt: nothing of it is left

  virtual ~PoolMaker() = default;

  virtual void create(const Peer& peer, PoolWish wish, Created done) = 0;
  /// `timeout`: for running jobs; nullopt: the daemon's.
  virtual void drop(const Peer& peer, const MeantPool& meant, std::optional<core::Duration> timeout, Dropped done) = 0;
  [[nodiscard]] virtual std::optional<RequestRefusal> resize(const Peer& peer, const MeantPool& meant,
                                                             core::WorkerRange workers) = 0;
};

}  // namespace ringmaster::daemon
