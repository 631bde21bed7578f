#pragma once

namespace ringmaster::daemon {

/// A reserve of memory for when an allocation fails (a limit of address space, a machine that does not overcommit).
/// Then it is released, so that work in progress can be finished; new sessions, jobs as messages and large requests are
/// refused until the reserve could be taken again. If an allocation still fails, the process ends itself by SIGKILL, as
/// the out-of-memory killer would do it: its successor starts with free memory, and the keeper does not count it as a
/// fault. Thread-safe.
class MemoryReserve {
 public:
  /// The message of such refusals.
  static constexpr const char* kRefusal =
      "the daemon gets no more memory; raise its limit of address space (ulimit -v, LimitAS=), or try again when "
      "sessions have ended";

  /// Takes the reserve, for the whole process.
  static void keep() noexcept;
  /// True if the reserve is used: then nothing that needs more memory should begin.
  [[nodiscard]] static bool spent() noexcept;
  /// Called by operator new when an allocation fails.
  static void use() noexcept;
  [[noreturn]] static void end() noexcept;
};

}  // namespace ringmaster::daemon
