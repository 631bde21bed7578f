#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shm/worker_end.h"

namespace ringmaster::core {

/// Why a worker process ended, as far as it matters for decisions.
enum class DeathKind : std::uint8_t {
  Clean,              ///< asked to stop (drain, surplus), exited 0
  Recycled,           ///< asked to stop because of its jobs, memory or age
  BootFailure,        ///< exec failed, or it died or timed out before it was ready
  ExitCode,           ///< exited by itself although nobody asked
  Signal,             ///< a signal that we did not send
  OutOfMemory,        ///< the kernel's OOM killer, or its cgroup's limit
  TimedOut,           ///< our kill ladder, after a run deadline
  ProtocolViolation,  ///< our kill, because shared memory contradicted itself
  Cancelled,          ///< our kill ladder, after a cancel
  Shutdown,           ///< our kill, when the daemon stopped or the pool was removed
  CancelledByForce,   ///< our kill ladder, after a forced cancel
};

/// True for the causes of jobs that run longer than the end of their pool allows.
[[nodiscard]] bool ends_its_pool(Cause cause) noexcept;

/// The kind of death of a worker that was killed for this verdict.
[[nodiscard]] DeathKind death_by(const shm::Verdict& verdict) noexcept;

/// True if we or the job's client (by force) asked for the end, or the pool ended: nobody is to blame.
[[nodiscard]] bool wanted(DeathKind kind) noexcept;

/// A typed cause. `detail` is the exit code (ExitCode, BootFailure by exit) or the signal (Signal and all kills).
struct DeathCause {
  DeathKind kind = DeathKind::Clean;
  int detail = 0;
  bool by_signal = false;     ///< whether `detail` is a signal
  bool from_outside = false;  ///< a SIGKILL that neither we nor the kernel's out-of-memory killer sent

  friend bool operator==(const DeathCause&, const DeathCause&) = default;
};

/// Everything that the cause depends on; collected by the supervisor when the keeper reports an exit.
struct ExitFacts {
  bool by_signal = false;
  int code_or_signal = 0;
  bool was_ready = false;  ///< it had sent Ready
  /// What its fault handler reported. Used only if the process ended by SIGKILL, which we send to a worker that does
  /// not die of its fault in time.
  std::optional<int> fault_signal = std::nullopt;
  bool out_of_memory = false;  ///< evidence of an OOM kill (memory.events, or SIGKILL nobody sent and oom_kill rose)
  std::optional<DeathKind> verdict;  ///< what the kill ladder or the recycling had decided before it died
};

/// The first verdict wins: a SIGKILL that we sent after a deadline stays TimedOut, whatever else is known.
///
/// verdict set                → that kind; by force, and it died of itself before: Signal
/// out_of_memory              → OutOfMemory
/// not ready                  → BootFailure
/// by signal                  → Signal; of a SIGKILL after a fault, the fault's
/// exit status (0 too: nobody asked it to leave) → ExitCode
[[nodiscard]] DeathCause classify_death(const ExitFacts& facts);

/// "killed by signal 11 (SIGSEGV)", "exited with status 3", "out of memory", …
[[nodiscard]] std::string to_string(const DeathCause& cause);
[[nodiscard]] const char* to_string(DeathKind kind);
/// What caused the fault: "nothing is mapped at 0x10", "an integer was divided by 0"; empty if si_code tells no more
/// than the signal.
[[nodiscard]] std::string fault_words(int signal, int code, std::uint64_t address);
/// "SIGSEGV", or "signal 45" for one without a name.
[[nodiscard]] std::string signal_name(int signal);

/// Where to look for a core file, by the kernel's core_pattern.
[[nodiscard]] std::string core_place(std::string_view pattern);

}  // namespace ringmaster::core
