#pragma once

#include <atomic>

#include "shm/control_record.h"
#include "shm/lane_record.h"

namespace ringmaster::worker {

/// Where a fault is said, and who lets the faulted process go.
struct FaultLine {
  int socket = -1;  ///< the control socket
  shm::LaneRecord* lane = nullptr;
  const shm::ControlRecord* control = nullptr;
};

/// Answers SIGSEGV, SIGBUS, SIGABRT, SIGFPE and SIGILL, and std::terminate, as long as nobody else does: a disposition
/// that is not the default stays (a sanitizer's), and a handler library that installs its own replaces ours. A fault is
/// written into the lane and said to the supervisor, which has 200 ms to take the stack; then the process dies by the
/// same signal, with its core, as it would have. A second fault, a full socket, a supervisor that is gone: at once.
/// Everything on the way is async-signal-safe, on an alternate stack (of the calling thread; a thread that a handler
/// makes has none, and dies of a stack overflow as ever). In a forked child it does nothing.
///
/// Call once, from the thread that runs the jobs, before handlers are loaded. `line` is copied; its memory and
/// descriptor stay valid for the process's life.
void install_fault_handler(const FaultLine& line);

namespace fault_detail {
extern std::atomic<bool> faulted;
}

/// Some thread of this process has faulted and waits for its stack to be taken: nothing may be claimed or finished.
[[nodiscard]] inline bool process_has_faulted() noexcept {
  return fault_detail::faulted.load(std::memory_order_relaxed);
}

/// For the other threads of such a process.
[[noreturn]] void await_death() noexcept;

}  // namespace ringmaster::worker
