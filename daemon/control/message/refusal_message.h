#pragma once

#include "daemon/ports/request_refusal.h"
#include "proto/control.pb.h"

namespace ringmaster::daemon {

/// The reply to a refused request, without its id.
[[nodiscard]] control::v1::Reply refusal_message(const RequestRefusal& refusal);

}  // namespace ringmaster::daemon
