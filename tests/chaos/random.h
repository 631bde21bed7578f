#pragma once

#include <cstdint>

namespace ringmaster::chaos {

/// A bijection of 64 bits (splitmix64's): unmix() undoes it.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}
[[nodiscard]] constexpr std::uint64_t unmix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 31) ^ (x >> 62)) * 0x319642B2D24D8EC3U;
  x = (x ^ (x >> 27) ^ (x >> 54)) * 0x96DE1B173F119089U;
  return x ^ (x >> 30) ^ (x >> 60);
}

/// A stream of random numbers: the same seed gives the same numbers on every machine and with every standard library.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(mix(seed ^ 0x6A09E667F3BCC909U)) {}
  constexpr Random(std::uint64_t seed, std::uint64_t a, std::uint64_t b) noexcept
      : Random(mix(mix(seed + 0x9E3779B97F4A7C15U * a) + 0xC2B2AE3D27D4EB4FU * b)) {}

  constexpr std::uint64_t next() noexcept { return mix(state_ += 0x9E3779B97F4A7C15U); }
  /// 0 .. n - 1; 0 where n is 0.
  constexpr std::uint64_t below(std::uint64_t n) noexcept { return n == 0 ? 0 : next() % n; }
  /// low .. high, both included.
  constexpr std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
    return low + below(high - low + 1);
  }
  constexpr bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace ringmaster::chaos
