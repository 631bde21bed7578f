#pragma once

#include <vips/vips.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/worker/job/run_handler.h"

namespace ringmaster::test {

inline const worker::RegisteredHandler& thumbnail() { return built_handler("thumbnail"); }
/// Before anything else is asked of libvips: the handler starts it.
inline const bool libvips_runs = !thumbnail().description.name.empty();

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

/// What a call of libvips makes; `call` is given where to put it.
template <typename Call>
Image made(Call&& call) {
  VipsImage* image = nullptr;
  if (call(&image) != 0) throw std::runtime_error(vips_error_buffer());
  return Image(image);
}

inline std::string encode(VipsImage* image, const char* suffix) {
  void* bytes = nullptr;
  std::size_t size = 0;
  if (vips_image_write_to_buffer(image, suffix, &bytes, &size, nullptr) != 0)
    throw std::runtime_error(vips_error_buffer());
  std::string encoded(static_cast<const char*>(bytes), size);
  g_free(bytes);
  return encoded;
}

inline Image open_picture(const std::string& bytes) {
  Image image(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", nullptr));
  if (!image) throw std::runtime_error(vips_error_buffer());
  return image;
}

using Colour = std::vector<double>;

inline Colour colour_at(VipsImage* image, int x, int y) {
  double* pixel = nullptr;
  int bands = 0;
  if (vips_getpoint(image, &pixel, &bands, x, y, nullptr) != 0) throw std::runtime_error(vips_error_buffer());
  Colour colour(pixel, pixel + bands);
  g_free(pixel);
  return colour;
}

/// Four quarters of one colour each: numbers in the bands that the colours have.
inline Image quarters(const std::vector<Colour>& colours, int width, int height, VipsInterpretation kind,
                      VipsBandFormat format = VIPS_FORMAT_UCHAR) {
  const int bands = static_cast<int>(colours[0].size());
  const Image black = made([&](VipsImage** out) { return vips_black(out, width, height, "bands", bands, nullptr); });
  const Image cast = made([&](VipsImage** out) { return vips_cast(black.get(), out, format, nullptr); });
  const Image canvas(vips_image_copy_memory(cast.get()));
  for (int i = 0; i < 4; ++i) {
    Colour ink = colours[static_cast<std::size_t>(i)];
    vips_draw_rect(canvas.get(), ink.data(), bands, i % 2 * width / 2, i / 2 * height / 2, width / 2, height / 2,
                   "fill", TRUE, nullptr);
  }
  return made([&](VipsImage** out) { return vips_copy(canvas.get(), out, "interpretation", kind, nullptr); });
}

/// A picture with much to encode, so that a hole in its data meets something.
inline Image noise(int width, int height) {
  const Image wild = made([&](VipsImage** out) {
    return vips_gaussnoise(out, width, height, "mean", 128.0, "sigma", 30.0, "seed", 7, nullptr);
  });
  const Image bytes = made([&](VipsImage** out) { return vips_cast_uchar(wild.get(), out, nullptr); });
  VipsImage* bands[] = {bytes.get(), bytes.get(), bytes.get()};
  const Image joined = made([&](VipsImage** out) { return vips_bandjoin(bands, out, 3, nullptr); });
  return made([&](VipsImage** out) {
    return vips_copy(joined.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

}  // namespace ringmaster::test
