#pragma once

#include <cstdint>
#include <functional>

#include "daemon/ports/deposits.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

/// Gives the keeper copies of the session's descriptors, for a successor. `held(false)`: the keeper's table is full.
void deposit_session(Deposits& deposits, const Session& session, std::function<void(bool)> held);

/// The keeper closes its copies.
void release_session(Deposits& deposits, std::uint32_t serial);

/// Gives a descriptor that was inherited, once; an invalid one where there is none.
using TakeDeposit = std::function<UniqueFd(keeper::DepositKind kind, std::uint32_t serial)>;
/// Fills in the descriptors. False: they are not all there.
[[nodiscard]] bool take_session(const TakeDeposit& take, Session& session);

}  // namespace ringmaster::daemon
