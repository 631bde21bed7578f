#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace ringmaster::core {

/// A span of time, nanoseconds. Policy never reads a clock: every function that needs the time takes it as `now`.
using Duration = std::chrono::nanoseconds;

/// An instant of CLOCK_MONOTONIC (steady_clock in libstdc++), so that it can be compared with a lane's stamp.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// The instant of a lane's stamp (nanoseconds of CLOCK_MONOTONIC).
[[nodiscard]] constexpr TimePoint from_monotonic_ns(std::uint64_t ns) noexcept {
  return TimePoint{Duration{static_cast<std::int64_t>(ns)}};
}

/// An amount of memory or of data.
struct Bytes {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) noexcept { return {a.value + b.value}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) noexcept { return {a.value - b.value}; }
  constexpr Bytes& operator+=(Bytes b) noexcept { return value += b.value, *this; }
  constexpr Bytes& operator-=(Bytes b) noexcept { return value -= b.value, *this; }
};

constexpr Bytes kib(std::uint64_t n) noexcept { return {n << 10}; }
constexpr Bytes mib(std::uint64_t n) noexcept { return {n << 20}; }
constexpr Bytes gib(std::uint64_t n) noexcept { return {n << 30}; }

/// The number of a seat in its pool, from 0 to workers + spares − 1. The process in a seat changes, the seat stays.
using SeatNumber = std::uint16_t;

/// A user id, without the kernel's type.
using Uid = std::uint32_t;

/// A limit of a process, as getrlimit has it.
struct ProcessLimit {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;

  friend bool operator==(const ProcessLimit&, const ProcessLimit&) = default;
};

/// The shortest exact form, which the configuration accepts too: "30s", "250ms", "1h", "0s".
[[nodiscard]] std::string to_string(Duration duration);
/// The largest binary unit that divides it: "64MiB", "1500KiB", "10B".
[[nodiscard]] std::string to_string(Bytes bytes);

}  // namespace ringmaster::core
