#include "worker/handlers/thumbnail/plan.h"

#include <algorithm>
#include <cmath>

namespace ringmaster::thumbnail {
namespace {

// Longest side that a format can hold; of JPEG what libjpeg writes.
constexpr int kMaxJpegSide = 65500;
constexpr int kMaxWebpSide = 16383;

int rounded(double side) { return static_cast<int>(std::max(1.0, std::min(std::round(side), 2e9))); }

std::string show(Size size) { return std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels"; }

// How many times longer the picture's sides are than the box's; a side that the box does not give sets no limit.
struct Shrink {
  double across = 0;
  double down = 0;
};
Shrink shrink_to(Size picture, const Box& box) {
  return {box.width ? static_cast<double>(picture.width) / *box.width : 0,
          box.height ? static_cast<double>(picture.height) / *box.height : 0};
}

Plan inside(Size picture, const Box& box) {
  const Shrink shrink = shrink_to(picture, box);
  double by = std::max(shrink.across, shrink.down);
  if (!box.enlarge) by = std::max(1.0, by);
  return {picture, {rounded(picture.width / by), rounded(picture.height / by)}};
}

Plan fill(Size picture, const Box& box) {
  const Size size{*box.width, *box.height};
  if (box.enlarge) return {picture, size};
  return {picture, {std::min(size.width, picture.width), std::min(size.height, picture.height)}};
}

Plan cover(Size picture, const Box& box) {
  const Shrink shrink = shrink_to(picture, box);
  // The largest part of the picture that has the box's shape.
  const double by = std::min(shrink.across, shrink.down);
  const Size part{std::min(picture.width, rounded(*box.width * by)),
                  std::min(picture.height, rounded(*box.height * by))};
  if (!box.enlarge && by < 1) return {part, part};
  return {part, {*box.width, *box.height}};
}

}  // namespace

std::uint64_t pixels(Size size) {
  return static_cast<std::uint64_t>(size.width) * static_cast<std::uint64_t>(size.height);
}

Size turned(Size size, bool by_a_quarter) { return by_a_quarter ? Size{size.height, size.width} : size; }

Plan make_plan(Size picture, const Box& box) {
  switch (box.fit) {
    case Fit::Inside:
      return inside(picture, box);
    case Fit::Cover:
      return cover(picture, box);
    case Fit::Fill:
      return fill(picture, box);
  }
  return inside(picture, box);
}

int jpeg_shrink(const Plan& plan) {
  const double by = std::min(static_cast<double>(plan.part.width) / plan.result.width,
                             static_cast<double>(plan.part.height) / plan.result.height);
  return by >= 16 ? 8 : by >= 8 ? 4 : by >= 4 ? 2 : 1;
}

std::optional<std::string> refusal_of(const DecodingCost& cost) {
  const std::string has = "the picture has " + show(cost.size);
  if (std::max(cost.size.width, cost.size.height) > kMaxSide) {
    return has + "; this handler decodes pictures of at most " + std::to_string(kMaxSide) + " on a side";
  }
  const bool row_by_row = cost.format == Format::Jpeg && cost.held_bytes == 0;
  if (row_by_row && pixels(cost.size) >= kMaxJpegPixels) {
    return has + "; this handler decodes fewer than 500 megapixels of a JPEG, 100 megapixels of other formats";
  }
  if (cost.held_bytes > kMaxHeldBytes) {
    return has + " in several passes, which takes " + std::to_string(cost.held_bytes / 1'000'000) +
           " MB to decode; this handler takes at most " + std::to_string(kMaxHeldBytes / 1'000'000) + " MB";
  }
  if (cost.format != Format::Jpeg && pixels(cost.size) >= kMaxPixels) {
    return has + "; this handler decodes fewer than 100 megapixels, 500 of a JPEG in one pass";
  }
  return std::nullopt;
}

std::optional<std::string> refusal_of_result(Size result, Format format) {
  const std::string would = "the result would have " + show(result);
  if (pixels(result) >= kMaxPixels) {
    return would + "; this handler makes fewer than 100 megapixels: ask for a smaller width or height";
  }
  if (format == Format::Png) return std::nullopt;
  const int most = format == Format::Webp ? kMaxWebpSide : kMaxJpegSide;
  if (std::max(result.width, result.height) <= most) return std::nullopt;
  return would + "; " + (format == Format::Webp ? "WebP" : "JPEG") + " holds at most " + std::to_string(most) +
         " on a side: ask for a smaller width or height, or for format=png";
}

}  // namespace ringmaster::thumbnail
