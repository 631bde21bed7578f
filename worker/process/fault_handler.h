#pragma once

#include <atomic>

#include "shm/control_record.h"
#include "shm/lane_record.h"

namespace ringmaster::worker {

/// Where a fault is reported, and where the supervisor lets the faulted process end.
struct FaultLine {
  int socket = -1;  ///< the control socket
  shm::LaneRecord* lane = nullptr;
  const shm::ControlRecord* control = nullptr;
};

/// Handles SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL and std::terminate. A handler that is already there stays (a
/// sanitizer's), and a handler library may replace ours. A fault is written into the lane and reported to the
/// supervisor, which has 200 ms to take the stack; then the process dies by the same signal, with a core, as without
/// this handler. It dies at once on a second fault, a full socket, or if the supervisor is gone. All of it is
/// async-signal-safe and runs on an alternate stack, which only the calling thread has: other threads simply die of a
/// stack overflow. Does nothing in a forked child.
///
/// Call once, from the thread that runs the jobs, before handlers are loaded. `line` is copied; its memory and
/// descriptor stay valid for the process's life.
void install_fault_handler(const FaultLine& line);

namespace fault_detail {
extern std::atomic<bool> faulted;
}

/// True if a thread of this process has faulted: then nothing may be claimed or finished.
[[nodiscard]] inline bool process_has_faulted() noexcept {
  return fault_detail::faulted.load(std::memory_order_relaxed);
}

/// Waits for the end of a faulted process; for its other threads.
[[noreturn]] void await_death() noexcept;

}  // namespace ringmaster::worker
