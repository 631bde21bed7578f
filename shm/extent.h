#pragma once

#include <cstdint>

#include "shm/layout.h"

namespace ringmaster::shm {

/// A piece of a payload ring, aligned to a cache line.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  ///< rounded up to whole cache lines; 0: an empty extent, which is always granted
  std::uint64_t id = 0;     ///< names the extent when it is given back; 0: nothing to give back
};

/// The answer to a request for an extent.
enum class Taken : std::uint8_t {
  Ok,
  NoRoom,   ///< too much is taken now
  NoMemory  ///< its pages cannot be had
};

/// `bytes` rounded up: a multiple of a cache line.
[[nodiscard]] constexpr std::uint64_t whole_lines(std::uint64_t bytes) noexcept {
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

}  // namespace ringmaster::shm
