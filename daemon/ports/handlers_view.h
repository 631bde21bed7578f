#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/types.h"
#include "proto/handler_table.h"

namespace ringmaster::daemon {

class PoolPort;

/// A pool's handlers, limits and default timeouts, for clients.
struct HandlersView {
  std::string pool;
  bool known = false;  ///< false: no worker of the pool has been ready yet, the list is empty
  std::vector<HandlerDescription> handlers;
  core::Bytes max_request_ring{};
  core::Bytes max_result_ring{};
  core::Duration queue_timeout{};  ///< of the pool; 0: none
  core::Duration run_timeout{};
  core::Duration max_timeout{};
};
[[nodiscard]] HandlersView handlers_view(const PoolPort& pool);

}  // namespace ringmaster::daemon
