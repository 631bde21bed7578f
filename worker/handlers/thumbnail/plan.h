#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringmaster::thumbnail {

struct Size {
  int width = 0;
  int height = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

[[nodiscard]] std::uint64_t pixels(Size size);
[[nodiscard]] Size turned(Size size, bool by_a_quarter);

enum class Format { Jpeg, Png, Webp };

enum class Fit { Inside, Cover, Fill };

/// What the caller asked for; a side that was not given is as long as it must be.
struct Box {
  std::optional<int> width;
  std::optional<int> height;
  Fit fit = Fit::Inside;
  bool enlarge = false;
};

/// The part in the middle of the picture that is used, and the size that it gets. Both stand upright.
struct Plan {
  Size part;
  Size result;
};

/// Without `enlarge` no side of the result is longer than that of the part it is made from: inside leaves a smaller
/// picture as it is, fill shortens what is too long, cover keeps the box's shape and makes it smaller.
/// REQUIRES: both sides of the box for cover and fill.
[[nodiscard]] Plan make_plan(Size picture, const Box& box);

/// By how much a JPEG is shrunk while it is decoded: 1, 2, 4 or 8, so that at least half of that is left for the
/// scaling proper, which looks better.
[[nodiscard]] int jpeg_shrink(const Plan& plan);

// One limit for what comes out and for what is decoded, whatever the format.
inline constexpr std::uint64_t kMaxPixels = 100'000'000;
// A JPEG in one scan is shrunk while it is decoded and never held: it costs time only.
inline constexpr std::uint64_t kMaxJpegPixels = 500'000'000;
// What a decoder may hold at once: progressive JPEGs their coefficients, interlaced PNGs their pixels.
inline constexpr std::uint64_t kMaxHeldBytes = 600'000'000;
// A decoder holds some whole rows, whatever the height.
inline constexpr int kMaxSide = 100'000;

/// What decoding costs, by the header.
struct DecodingCost {
  Format format = Format::Jpeg;
  Size size;
  std::uint64_t held_bytes = 0;  ///< 0: decoded row by row.
};

/// Why the picture is not decoded; nullopt: it is.
[[nodiscard]] std::optional<std::string> refusal_of(const DecodingCost& cost);
/// Why a result of that size is not made.
[[nodiscard]] std::optional<std::string> refusal_of_result(Size result, Format format);

}  // namespace ringmaster::thumbnail
