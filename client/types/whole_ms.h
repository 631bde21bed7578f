#pragma once

#include <chrono>
#include <cstdint>

#include "client/types/outcome.h"
#include "proto/submit_rules.h"

namespace ringmaster::client {

/// A timeout for the wire and the job descriptor: whole milliseconds, rounded up. A negative one becomes kNoTimeout,
/// which the submit rules refuse.
[[nodiscard]] constexpr std::uint64_t whole_ms(Duration time) noexcept {
  if (time <= Duration(0)) return time == Duration(0) ? 0 : wire::kNoTimeout;  // nearly all are 0
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

}  // namespace ringmaster::client
