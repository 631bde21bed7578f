#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "daemon/link/keeper_codec.h"

namespace ringmaster::daemon {

/// What a pool asks of its keeper, which starts, ends and holds its processes. Answers never come within the call.
class Keeper {
 public:
  using SpawnDone = std::function<void(const keeper::SpawnedMessage&)>;

  virtual ~Keeper() = default;

  /// `fds` are borrowed for the call. `done`: 0 or an errno.
  virtual void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
                       std::function<void(int)> done) = 0;
  virtual void release(const keeper::ReleaseSelector& selector) = 0;
  /// A turn of the loop later, when the caller's own copies are closed: the last close of what a peer has had in its
  /// hands is the keeper's.
  virtual void release_later(const keeper::ReleaseSelector& selector) = 0;
  /// `fds` become 0.. of the worker. `done`: its `error` is 0 when the worker runs. It is not called when the request
  /// cannot even be put into a packet: then the Error says why.
  virtual Result<void> spawn(const keeper::SpawnSpec& spec, std::span<const int> fds, SpawnDone done) = 0;
  /// To the worker's whole tree.
  virtual void signal(std::uint32_t worker, std::uint32_t incarnation, int number) = 0;
  /// An exit has been acted upon: it need not come again.
  virtual void ack_exit(std::uint32_t worker, std::uint32_t incarnation) = 0;
};

}  // namespace ringmaster::daemon
