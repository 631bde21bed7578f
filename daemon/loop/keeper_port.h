#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "daemon/link/keeper_codec.h"

namespace ringmaster::daemon {

/// What a pool asks of the keeper, which starts, signals and holds its processes. Answers never come within the call.
class Keeper {
 public:
  using SpawnDone = std::function<void(const keeper::SpawnedMessage&)>;

  virtual ~Keeper() = default;

  /// `fds` are borrowed for the call. `done`: 0 or an errno.
  virtual void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
                       std::function<void(int)> done) = 0;
  virtual void release(const keeper::ReleaseSelector& selector) = 0;
  /// Releases in the next turn of the loop, when the caller has closed its own copies: the last close of a descriptor
  /// that a peer has had may block, and must be the keeper's.
  virtual void release_later(const keeper::ReleaseSelector& selector) = 0;
  /// `fds` become the worker's descriptors 0, 1, …. `done` gets `error` 0 if the worker runs. If the request does not
  /// fit into a packet, the Error says why and `done` is not called.
  virtual Result<void> spawn(const keeper::SpawnSpec& spec, std::span<const int> fds, SpawnDone done) = 0;
  /// Signals the worker's whole process tree.
  virtual void signal(std::uint32_t worker, std::uint32_t incarnation, int number) = 0;
  /// An exit has been handled: it need not be reported again.
  virtual void ack_exit(std::uint32_t worker, std::uint32_t incarnation) = 0;
};

}  // namespace ringmaster::daemon
