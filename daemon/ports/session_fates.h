#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/cause.h"

namespace ringmaster::daemon {

/// How a pool reports what happened to sessions and their users. The supervisor's one thread. Each call may detach the
/// session from the pool, so it must not be made while iterating over the pool's sessions.
class SessionFates {
 public:
  virtual ~SessionFates() = default;

  /// The client broke the protocol: ends the session as a protocol violation.
  virtual void broken(std::uint16_t index, std::uint32_t serial, std::string_view reason) = 0;
  /// The session cannot go on, which is not its client's fault: ends it as lost.
  virtual void lost(std::uint16_t index, std::uint32_t serial) = 0;
  /// Ends every queued job of `pool` (nullopt: of all) as `cause`; sessions stay. Returns how many.
  virtual unsigned end_queued(std::optional<std::uint32_t> pool, Cause cause) = 0;
  /// A worker died over a job of that uid.
  virtual void count_crash(std::uint32_t uid) = 0;
  /// Checks the pages of every client's session, at most ten times a second, and ends those whose client has freed
  /// some.
  virtual void end_those_with_holes() = 0;
};

}  // namespace ringmaster::daemon
