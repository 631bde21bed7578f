#pragma once

namespace ringmaster::daemon {

/// Some memory for the moment when no more is to be had (a limit of address space, a machine that does not overcommit).
/// It is given back to the kernel then, so that what has begun comes to its end, and sessions, jobs as messages and
/// large requests are refused until the reserve could be taken again. A thread that gets nothing in spite of that ends
/// the process, as the out-of-memory killer would: its successor starts with what is free, and nobody takes it for a
/// fault of its own. Thread-safe.
class MemoryReserve {
 public:
  /// To who is refused.
  static constexpr const char* kRefusal =
      "the daemon gets no more memory; raise its limit of address space (ulimit -v, LimitAS=), or try again when "
      "sessions have ended";

  /// For the whole process, from now on.
  static void keep() noexcept;
  /// Whether it is in use: nothing that takes more memory should begin.
  [[nodiscard]] static bool spent() noexcept;
  /// What operator new does when it gets nothing.
  static void use() noexcept;
  [[noreturn]] static void end() noexcept;
};

}  // namespace ringmaster::daemon
