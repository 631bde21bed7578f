#pragma once

#include <chrono>
#include <cstdint>

#include "client/types/outcome.h"
#include "proto/submit_rules.h"

namespace ringmaster::client {

/// A timeout as it goes over the wire and into a job descriptor: whole milliseconds, rounded up. Less than none is
/// kNoTimeout, which the rules refuse.
[[nodiscard]] constexpr std::uint64_t whole_ms(Duration time) noexcept {
  if (time <= Duration(0)) return time == Duration(0) ? 0 : wire::kNoTimeout;  // nearly all are 0
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

}  // namespace ringmaster::client
