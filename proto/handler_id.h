#pragma once

#include <cstdint>
#include <string_view>

namespace ringmaster::wire {

/// The 64-bit FNV-1a hash of a handler's name: how a job descriptor in shared memory names its handler.
/// A worker whose handlers' hashes collide is refused, so within a pool each hash means one handler.
[[nodiscard]] constexpr std::uint64_t handler_id(std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace ringmaster::wire
