#pragma once

#include <string>

#include "base/result.h"
#include "daemon/config/config.h"

namespace ringmaster::daemon {

/// An error where no worker of that pool can ever be started, because the keeper cannot be told of it: more arguments,
/// environment or groups than its message has room for.
[[nodiscard]] Result<void> check_startable(const config::PoolConfig& config, const std::string& stock_worker);

}  // namespace ringmaster::daemon
