#pragma once

#include <cstdint>
#include <functional>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// The clock, and actions at a later time: all that parts which watch no descriptor need of the event loop. Tests set
/// the clock by hand.
class Timers {
 public:
  using TimerId = std::uint64_t;

  virtual ~Timers() = default;

  [[nodiscard]] virtual core::TimePoint now() const = 0;
  /// Runs `action` once, after `delay`. The returned id is never 0.
  virtual TimerId after(core::Duration delay, std::function<void()> action) = 0;
  virtual void cancel(TimerId timer) = 0;
  /// Runs soon, never within this call.
  virtual void post(std::function<void()> action) = 0;
};

}  // namespace ringmaster::daemon
