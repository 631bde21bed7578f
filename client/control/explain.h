#pragma once

#include "client/control/control_link.h"
#include "client/types/outcome.h"

namespace ringmaster::client {

/// Asks the daemon where the job was when its worker died, and adds the answer to the outcome. Waits for at most about
/// `limit`; without an answer the outcome is unchanged.
void explain(Outcome& outcome, ControlLink& link, Duration limit);

}  // namespace ringmaster::client
