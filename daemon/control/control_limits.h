#pragma once

#include <chrono>

#include "daemon/core/daemon/traffic_book.h"
#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// What a connection may ask of the daemon's patience and memory.
struct ControlLimits {
  core::Duration hello_timeout = std::chrono::seconds{5};
  core::Duration half_frame_timeout = std::chrono::seconds{30};
  core::TrafficLimits traffic;
  bool descriptors_may_come = false;  ///< as on a kernel before 6.16, which cannot refuse them
};

}  // namespace ringmaster::daemon
