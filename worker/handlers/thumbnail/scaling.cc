#include "worker/handlers/thumbnail/scaling.h"

#include <algorithm>
#include <cmath>

namespace ringmaster::thumbnail {
namespace {

constexpr int kUpright = 1;

}  // namespace

double webp_scale(Size picture, const Plan& lying) {
  const double scale = std::max(static_cast<double>(lying.result.width) / lying.part.width,
                                static_cast<double>(lying.result.height) / lying.part.height);
  return std::min(1.0, std::max(scale, 1.0 / std::min(picture.width, picture.height)));
}

Image cut_out(Image image, Size picture, Size part) {
  const int width = vips_image_get_width(image.get());
  const int height = vips_image_get_height(image.get());
  const auto share = [](int side, int of_part, int of_all) {
    const auto length = std::lround(static_cast<double>(side) * of_part / of_all);
    return std::clamp(static_cast<int>(length), 1, side);
  };
  const Size size{share(width, part.width, picture.width), share(height, part.height, picture.height)};
  if (size == Size{width, height}) return image;
  VipsImage* middle = nullptr;
  if (vips_extract_area(image.get(), &middle, (width - size.width) / 2, (height - size.height) / 2, size.width,
                        size.height, nullptr) != 0) {
    fail("cannot crop the picture");
  }
  return Image(middle);
}

Image resize(Image image, Size to) {
  const Size from{vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  if (from == to) return image;
  const VipsBandFormat format = vips_image_get_format(image.get());
  // Otherwise colours hidden by full transparency would show at its edges.
  const bool alpha = vips_image_hasalpha(image.get()) != 0;
  VipsImage* made = nullptr;
  const auto take = [&image, &made](int failed) {
    if (failed != 0) fail("cannot scale the picture");
    image.reset(made);
    made = nullptr;
  };
  if (alpha) take(vips_premultiply(image.get(), &made, nullptr));
  take(vips_resize(image.get(), &made, static_cast<double>(to.width) / from.width, "vscale",
                   static_cast<double>(to.height) / from.height, nullptr));
  if (!alpha) return image;
  take(vips_unpremultiply(image.get(), &made, nullptr));
  take(vips_cast(image.get(), &made, format, nullptr));
  return image;
}

Image upright(Image image, int orientation) {
  if (orientation <= kUpright) return image;
  // Turning reads the pixels in another order than the decoder delivers them.
  const Image held(vips_image_copy_memory(image.get()));
  if (!held) fail("cannot decode the picture");
  vips_image_set_int(held.get(), VIPS_META_ORIENTATION, orientation);
  VipsImage* turned_image = nullptr;
  if (vips_autorot(held.get(), &turned_image, nullptr) != 0) fail("cannot turn the picture");
  return Image(turned_image);
}

}  // namespace ringmaster::thumbnail
