#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// What a status shows about a session, to its owner and to administrators.
struct SessionView {
  std::uint32_t serial = 0;
  std::uint16_t index = 0;
  std::string pool;
  std::uint32_t uid = 0;
  std::string client;  ///< the name that the client gives itself
  std::string state;
  std::uint32_t slots = 0;
  core::Bytes bytes{};
  std::uint32_t queued = 0, running = 0;
  bool internal = false;  ///< the daemon's own, for jobs that come as messages
};

}  // namespace ringmaster::daemon
