#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

/// How times are counted: log-linear buckets, eight per octave from 64 ns to 2^47 ns (39 hours), one below and one
/// above. Pure. Lanes, tallies, ledger and status use the same buckets.
///
/// A bucket's middle differs by at most 6.25 % from any time in it, because the bucket starts at 8 times its width or
/// more. Times below 64 ns are reported as 32 ns, times from 2^47 ns on as the greatest time that was counted.
namespace ringmaster::shm {

inline constexpr unsigned kTimeStepBits = 3;    ///< 2^3 buckets per octave
inline constexpr unsigned kTimeFirstBit = 6;    ///< 2^6 ns: start of the first octave
inline constexpr unsigned kTimeBeyondBit = 47;  ///< 2^47 ns: end of the last octave
inline constexpr std::uint32_t kTimeBuckets = 2 + ((kTimeBeyondBit - kTimeFirstBit) << kTimeStepBits);
static_assert(kTimeBuckets == 330);

/// The bucket that counts this time; always below kTimeBuckets.
[[nodiscard]] constexpr std::uint32_t bucket_of(std::uint64_t ns) noexcept {
  if (ns < std::uint64_t{1} << kTimeFirstBit) return 0;
  const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;
  if (octave >= kTimeBeyondBit) return kTimeBuckets - 1;
  // 8 to 15: the leading bit and the three that follow it.
  const auto leading = static_cast<std::uint32_t>(ns >> (octave - kTimeStepBits));
  return 1 + ((octave - kTimeFirstBit) << kTimeStepBits) + leading - (1U << kTimeStepBits);
}

/// The times that a bucket counts: from `first`, below `end`.
struct TimeBounds {
  std::uint64_t first;
  std::uint64_t end;
};
[[nodiscard]] constexpr TimeBounds bounds_of(std::uint32_t bucket) noexcept {
  if (bucket == 0) return {0, std::uint64_t{1} << kTimeFirstBit};
  if (bucket >= kTimeBuckets - 1) return {std::uint64_t{1} << kTimeBeyondBit, UINT64_MAX};
  const unsigned octave = kTimeFirstBit + ((bucket - 1) >> kTimeStepBits);
  const std::uint64_t leading = (1U << kTimeStepBits) + ((bucket - 1) & ((1U << kTimeStepBits) - 1));
  return {leading << (octave - kTimeStepBits), (leading + 1) << (octave - kTimeStepBits)};
}

/// The time that is reported for a bucket. The last bucket has no middle: TimeCounts knows its greatest time.
[[nodiscard]] constexpr std::uint64_t middle_of(std::uint32_t bucket) noexcept {
  const TimeBounds bounds = bounds_of(bucket);
  return bucket >= kTimeBuckets - 1 ? bounds.end : bounds.first + (bounds.end - bounds.first) / 2;
}

using TimeBuckets = std::array<std::uint64_t, kTimeBuckets>;

/// Counted times, with what the buckets cannot tell: the exact sum and the greatest time.
struct TimeCounts {
  std::uint64_t sum_ns;
  std::uint64_t max_ns;
  TimeBuckets buckets;

  constexpr void add(std::uint64_t ns) noexcept {
    sum_ns += ns;
    max_ns = std::max(max_ns, ns);
    ++buckets[bucket_of(ns)];
  }
  constexpr void add(const TimeCounts& other) noexcept {
    sum_ns += other.sum_ns;
    max_ns = std::max(max_ns, other.max_ns);
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  }
  [[nodiscard]] constexpr std::uint64_t count() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t one : buckets) sum += one;
    return sum;
  }
  /// The time that `per_mille` of all do not exceed: the middle of its bucket, never above the greatest. 0: none.
  [[nodiscard]] constexpr std::uint64_t quantile(unsigned per_mille) const noexcept {
    const std::uint64_t all = count();
    // In two parts, because the product could exceed 2^64.
    const std::uint64_t wanted =
        std::max<std::uint64_t>(1, all / 1000 * per_mille + (all % 1000 * per_mille + 999) / 1000);
    std::uint64_t seen = 0;
    for (std::uint32_t bucket = 0; bucket < kTimeBuckets; ++bucket) {
      seen += buckets[bucket];
      if (seen >= wanted) return std::min(middle_of(bucket), max_ns);
    }
    return 0;
  }
};
static_assert(sizeof(TimeCounts) == (2 + kTimeBuckets) * 8);

}  // namespace ringmaster::shm
