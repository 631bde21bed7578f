#pragma once

#include <cstdint>
#include <functional>

#include "daemon/ports/deposits.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

/// Gives the keeper copies of the session's descriptors, for a successor. `held(false)`: the keeper's table is full.
void deposit_session(Deposits& deposits, const Session& session, std::function<void(bool)> held);

/// Tells the keeper to close its copies.
void release_session(Deposits& deposits, std::uint32_t serial);

/// Returns an inherited descriptor, only once; invalid if there is none.
using TakeDeposit = std::function<UniqueFd(keeper::DepositKind kind, std::uint32_t serial)>;
/// Fills in the session's descriptors. False: some are missing.
[[nodiscard]] bool take_session(const TakeDeposit& take, Session& session);

}  // namespace ringmaster::daemon
