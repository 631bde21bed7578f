#pragma once

#include "daemon/ports/handlers_view.h"
#include "proto/control.pb.h"

namespace ringmaster::daemon {

/// What there is in a pool, as a client is told.
[[nodiscard]] control::v1::PoolHandlers handlers_message(const HandlersView& pool);

}  // namespace ringmaster::daemon
