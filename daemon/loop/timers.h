#pragma once

#include <cstdint>
#include <functional>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// The clock and what is to be done by it: all of the event loop that a part needs which watches no descriptor. Tests
/// turn the clock by hand.
class Timers {
 public:
  using TimerId = std::uint64_t;

  virtual ~Timers() = default;

  [[nodiscard]] virtual core::TimePoint now() const = 0;
  /// Once, after `delay`. The returned id is never 0.
  virtual TimerId after(core::Duration delay, std::function<void()> action) = 0;
  virtual void cancel(TimerId timer) = 0;
  /// Runs soon, never within this call.
  virtual void post(std::function<void()> action) = 0;
};

}  // namespace ringmaster::daemon
