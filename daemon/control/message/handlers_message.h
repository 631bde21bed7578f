#pragma once

#include "daemon/ports/handlers_view.h"
#include "proto/control.pb.h"

namespace ringmaster::daemon {

/// A pool's handlers as a message.
[[nodiscard]] control::v1::PoolHandlers handlers_message(const HandlersView& pool);

}  // namespace ringmaster::daemon
