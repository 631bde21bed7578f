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

/// What the caller asked for. A side that is not given follows from the other one.
struct Box {
  std::optional<int> width;
  std::optional<int> height;
  Fit fit = Fit::Inside;
  bool enlarge = false;
};

/// The part in the middle of the picture that is used, and the size of the result. Both for the upright picture.
struct Plan {
  Size part;
  Size result;
};

/// Without `enlarge` no side of the result is longer than the same side of the part: inside keeps the size of a smaller
/// picture, fill only shortens sides, cover makes the box smaller in its shape.
/// REQUIRES: both sides of the box for cover and fill.
[[nodiscard]] Plan make_plan(Size picture, const Box& box);

/// How much a JPEG is shrunk while it is decoded: by 1, 2, 4 or 8, leaving at least a factor of two to the scaler,
/// which gives better pictures.
[[nodiscard]] int jpeg_shrink(const Plan& plan);

// For the result and for what is decoded, whatever the format.
inline constexpr std::uint64_t kMaxPixels = 100'000'000;
// A JPEG in one scan is shrunk while it is decoded and never held as a whole: it costs only time.
inline constexpr std::uint64_t kMaxJpegPixels = 500'000'000;
// What a decoder may hold at once: all coefficients of a progressive JPEG, all pixels of an interlaced PNG.
inline constexpr std::uint64_t kMaxHeldBytes = 600'000'000;
// A decoder holds some whole rows, whatever the height.
inline constexpr int kMaxSide = 100'000;

/// What decoding costs, as the header tells.
struct DecodingCost {
  Format format = Format::Jpeg;
  Size size;
  std::uint64_t held_bytes = 0;  ///< 0: decoded row by row.
};

/// Why the picture is not decoded; nullopt: it may be.
[[nodiscard]] std::optional<std::string> refusal_of(const DecodingCost& cost);
/// Why a result of that size is not made.
[[nodiscard]] std::optional<std::string> refusal_of_result(Size result, Format format);

}  // namespace ringmaster::thumbnail
