#pragma once

#include "daemon/ports/request_refusal.h"
#include "proto/control.pb.h"

namespace ringmaster::daemon {

/// The answer to a request that is not done; its id is still to be set.
[[nodiscard]] control::v1::Reply refusal_message(const RequestRefusal& refusal);

}  // namespace ringmaster::daemon
