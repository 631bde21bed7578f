#pragma once

#include <functional>
#include <span>

#include "daemon/link/keeper_codec.h"

namespace ringmaster::daemon {

/// How sessions give the keeper descriptors to hold for a successor. The supervisor's one thread.
class Deposits {
 public:
  virtual ~Deposits() = default;

  /// `fds` are borrowed for the call; at most kMaxDepositsPerMessage. `acked(false)`: the keeper's table is full and
  /// holds none of them.
  virtual void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
                       std::function<void(bool)> acked) = 0;
  virtual void release(const keeper::ReleaseSelector& selector) = 0;
};

}  // namespace ringmaster::daemon
