#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/types/outcome.h"

namespace ringmaster::client {
class ControlLink;
}

namespace ringmaster {

/// A pool that this program has created; its workers run as this process's user. It is there for as long as this is,
/// and outlives a restart of the daemon's supervisor: when this is destroyed, or the process ends however, the daemon
/// lets running jobs end for as long as its shutdown_timeout says, ends the others as lost, and removes the pool.
/// Move-only; may be used from several threads. In a forked child it does nothing, and a child that lives on does not
/// keep the pool.
class CreatedPool {
 public:
  /// `id`: of this pool alone, whatever others are called.
  CreatedPool(std::string name, std::uint64_t id, int lifeline, std::shared_ptr<client::ControlLink> link);
  CreatedPool(CreatedPool&& other) noexcept;
  CreatedPool& operator=(CreatedPool&& other) noexcept;
  ~CreatedPool();

  /// For Client::open and run: "u1000.pdf".
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// So many are to work, at most as many as it was created for; or as many as there is work for, from `min_workers` on
  /// (0: always `workers`).
  [[nodiscard]] Result<void> resize(unsigned workers, unsigned min_workers = 0);
  /// Removes it and waits until nothing of it is left, over a connection of its own. `limit`: for running jobs; unset:
  /// the daemon's shutdown_timeout. Again is harmless, also where another pool has its name by then.
  [[nodiscard]] Result<void> drop(std::optional<Duration> limit = std::nullopt);
  /// Readable (POLLERR) when the daemon has let go of it: it was dropped by somebody else, or the daemon is gone.
  [[nodiscard]] int lifeline() const noexcept { return lifeline_; }

 private:
  void hang_up() noexcept;

  std::string name_;
  std::uint64_t id_;
  std::atomic<int> lifeline_;  ///< -1: dropped, or moved from
  std::shared_ptr<client::ControlLink> link_;
};

}  // namespace ringmaster
