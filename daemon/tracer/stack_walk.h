#pragma once

#include "daemon/core/worker/recent_faults.h"
#include "daemon/link/tracer_protocol.h"
#include "daemon/tracer/libdw.h"

namespace ringmaster::tracer {

/// Stops a thread by ptrace, walks its stack with libdwfl, using only the modules' unwind tables, and lets it go. Looks
/// up no names and opens no debug information, because the thread is stopped meanwhile.
class StackWalk {
 public:
  /// Without libdw each capture says so. `libdw` outlives it.
  explicit StackWalk(const Result<Libdw>& libdw) : libdw_(libdw) {}

  [[nodiscard]] Frames capture(const Capture& order, core::TimePoint now);

 private:
  const Result<Libdw>& libdw_;
  core::RecentFaults recent_;
};

}  // namespace ringmaster::tracer
