#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ringmaster::chaos {

/// The bytes of a job's request and result, computed from the job's number: the 64-bit word at index i is mix(owner +
/// i * odd). mix() can be undone, so a word that belongs to another job tells which one.
enum class Side : std::uint8_t { Request = 1, Result = 2 };

/// client: 12 bits, incarnation: 16, number: 32. Never 0.
[[nodiscard]] constexpr std::uint64_t make_job(std::uint32_t client, std::uint32_t incarnation,
                                               std::uint32_t number) noexcept {
  return std::uint64_t{client & 0xFFFU} << 48 | std::uint64_t{incarnation & 0xFFFFU} << 32 | number;
}
[[nodiscard]] constexpr std::uint32_t client_of(std::uint64_t job) noexcept {
  return static_cast<std::uint32_t>(job >> 48);
}
/// Client and incarnation in one number.
[[nodiscard]] constexpr std::uint32_t life_of(std::uint64_t job) noexcept {
  return static_cast<std::uint32_t>(job >> 32);
}

void fill(std::span<std::byte> bytes, std::uint64_t job, Side side) noexcept;

enum class Verdict : std::uint8_t {
  Right,
  Short,    ///< shorter than it must be
  Foreign,  ///< all of it, or its beginning, belongs to another job
  Mixed,    ///< begins right, then is wrong
};
struct Finding {
  Verdict verdict = Verdict::Right;
  std::uint64_t at = 0;     ///< the first wrong byte
  std::uint64_t whose = 0;  ///< the job that the wrong word belongs to; 0: none
};
[[nodiscard]] Finding look_at(std::span<const std::byte> bytes, std::uint64_t job, Side side,
                              std::uint64_t wanted_bytes) noexcept;
[[nodiscard]] std::string describe(const Finding& finding);
[[nodiscard]] const char* to_string(Verdict verdict) noexcept;

}  // namespace ringmaster::chaos
