#pragma once

#include "daemon/ports/status_view.h"
#include "proto/control.pb.h"

/// Views as messages. They contain all of the view: visible_to() has decided before what the client may see.
namespace ringmaster::daemon {

[[nodiscard]] control::v1::Status status_message(const StatusView& status);
[[nodiscard]] control::v1::PoolStatus pool_message(const PoolView& pool);
[[nodiscard]] control::v1::Health health_message(const HealthView& health);

}  // namespace ringmaster::daemon
