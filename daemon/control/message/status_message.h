#pragma once

#include "daemon/ports/status_view.h"
#include "proto/control.pb.h"

/// Views as messages. All of what they get goes out: what the client may see is decided before (visible_to).
namespace ringmaster::daemon {

[[nodiscard]] control::v1::Status status_message(const StatusView& status);
[[nodiscard]] control::v1::PoolStatus pool_message(const PoolView& pool);
[[nodiscard]] control::v1::Health health_message(const HealthView& health);

}  // namespace ringmaster::daemon
