#pragma once

#include "daemon/core/worker/recent_faults.h"
#include "daemon/link/tracer_protocol.h"

namespace ringmaster::tracer {

/// Stops a thread by ptrace, walks its stack with libdwfl by the modules' unwind tables alone, lets it go. No names are
/// looked up and no debug information is opened: the thread waits meanwhile.
class StackWalk {
 public:
  [[nodiscard]] Frames capture(const Capture& order, core::TimePoint now);

 private:
  core::RecentFaults recent_;
};

}  // namespace ringmaster::tracer
