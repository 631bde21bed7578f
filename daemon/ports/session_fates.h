#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/cause.h"

namespace ringmaster::daemon {

/// What a pool's workers bring upon sessions and their users. The supervisor's one thread. Each call may make the
/// session's owner detach it from the pool: nobody may be walking through the pool's sessions.
class SessionFates {
 public:
  virtual ~SessionFates() = default;

  /// Its client did what nobody may: it ends as a protocol violation.
  virtual void broken(std::uint16_t index, std::uint32_t serial, std::string_view reason) = 0;
  /// It cannot go on, which is not its client's fault.
  virtual void lost(std::uint16_t index, std::uint32_t serial) = 0;
  /// Ends every queued job of `pool` (nullopt: of all) as `cause`; sessions stay. Returns how many.
  virtual unsigned end_queued(std::optional<std::uint32_t> pool, Cause cause) = 0;
  /// A job of that uid took its worker along.
  virtual void count_crash(std::uint32_t uid) = 0;
  /// Looks at the pages of every client's session, ten times a second at most, and ends those whose client gave some
  /// back.
  virtual void end_those_with_holes() = 0;
};

}  // namespace ringmaster::daemon
