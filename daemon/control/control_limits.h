#pragma once

#include <chrono>

#include "daemon/core/daemon/traffic_book.h"
#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// The timeouts and limits for one connection.
struct ControlLimits {
  core::Duration hello_timeout = std::chrono::seconds{5};
  core::Duration half_frame_timeout = std::chrono::seconds{30};
  core::TrafficLimits traffic;
  bool descriptors_may_come = false;  ///< as on kernels before 6.16, which cannot refuse descriptors
};

}  // namespace ringmaster::daemon
