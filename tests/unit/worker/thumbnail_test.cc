#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <memory>

#include "run_handler.h"

namespace ringmaster {
namespace {

using test::built_handler;
using test::Ran;
using test::run;
using testing::HasSubstr;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

const RegisteredHandler& thumbnail() { return built_handler("thumbnail"); }

// A picture with a red left half, so that orientation can be seen.
Image half_red(int width, int height) {
  VipsImage* black = nullptr;
  vips_black(&black, width, height, "bands", 3, nullptr);
  VipsImage* copy = vips_image_copy_memory(black);
  g_object_unref(black);
  double red[] = {255, 0, 0};
  vips_draw_rect(copy, red, 3, 0, 0, width / 2, height, "fill", TRUE, nullptr);
  VipsImage* coloured = nullptr;
  vips_copy(copy, &coloured, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  g_object_unref(copy);
  return Image(coloured);
}

std::string encode(VipsImage* image, const char* suffix) {
  void* bytes = nullptr;
  std::size_t size = 0;
  if (vips_image_write_to_buffer(image, suffix, &bytes, &size, nullptr) != 0)
    throw std::runtime_error(vips_error_buffer());
  std::string encoded(static_cast<const char*>(bytes), size);
  g_free(bytes);
  return encoded;
}

struct Decoded {
  std::string loader;
  int width = 0;
  int height = 0;
  std::vector<double> top_left;
};

Decoded decode(const std::string& bytes) {
  const Image image(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", nullptr));
  if (!image) throw std::runtime_error(vips_error_buffer());
  const char* loader = "";
  vips_image_get_string(image.get(), VIPS_META_LOADER, &loader);
  double* pixel = nullptr;
  int bands = 0;
  vips_getpoint(image.get(), &pixel, &bands, 1, 1, nullptr);
  Decoded decoded{loader, vips_image_get_width(image.get()), vips_image_get_height(image.get()),
                  std::vector<double>(pixel, pixel + bands)};
  g_free(pixel);
  return decoded;
}

TEST(Thumbnail, ScalesEachFormat) {
  const auto& handler = thumbnail();
  const Image picture = half_red(400, 200);
  for (const std::string format : {"jpeg", "png", "webp"}) {
    const Ran ran = run(handler, encode(picture.get(), ("." + format).c_str()), {{"width", "100"}});
    ASSERT_EQ(ran.code, RM_DONE) << format << ": " << ran.message;
    const Decoded decoded = decode(ran.result);
    EXPECT_THAT(decoded.loader, HasSubstr(format));
    EXPECT_EQ(decoded.width, 100);
    EXPECT_EQ(decoded.height, 50);
  }
}

TEST(Thumbnail, ConvertsBetweenFormats) {
  const auto& handler = thumbnail();
  const std::string jpeg = encode(half_red(400, 200).get(), ".jpg");
  for (const std::string format : {"jpeg", "png", "webp"}) {
    const Ran ran = run(handler, jpeg, {{"format", format}});
    ASSERT_EQ(ran.code, RM_DONE) << ran.message;
    EXPECT_THAT(decode(ran.result).loader, HasSubstr(format));
    EXPECT_EQ(decode(ran.result).width, 256);
  }
}

TEST(Thumbnail, FitsAsAsked) {
  const auto& handler = thumbnail();
  const std::string png = encode(half_red(400, 200).get(), ".png");
  const auto size = [&](test::Arguments arguments) {
    const Ran ran = run(handler, png, arguments);
    EXPECT_EQ(ran.code, RM_DONE) << ran.message;
    const Decoded decoded = decode(ran.result);
    return std::pair(decoded.width, decoded.height);
  };
  EXPECT_EQ(size({{"width", "100"}, {"height", "20"}}), std::pair(40, 20));
  EXPECT_EQ(size({{"height", "50"}}), std::pair(100, 50));
  EXPECT_EQ(size({{"width", "50"}, {"height", "50"}, {"fit", "cover"}}), std::pair(50, 50));
  EXPECT_EQ(size({{"width", "60"}, {"height", "50"}, {"fit", "fill"}}), std::pair(60, 50));
  EXPECT_EQ(size({{"width", "800"}}), std::pair(400, 200));
  EXPECT_EQ(size({{"width", "800"}, {"enlarge", "true"}}), std::pair(800, 400));
  EXPECT_EQ(run(handler, png, {{"width", "50"}, {"fit", "cover"}}).code, RM_INVALID);
}

TEST(Thumbnail, TurnsThePictureUpright) {
  const auto& handler = thumbnail();
  const Image picture = half_red(400, 200);
  vips_image_set_int(picture.get(), VIPS_META_ORIENTATION, 6);  // To be turned by 90 degrees, clockwise.
  const std::string jpeg = encode(picture.get(), ".jpg");
  const Ran upright = run(handler, jpeg, {{"height", "100"}});
  ASSERT_EQ(upright.code, RM_DONE) << upright.message;
  EXPECT_EQ(decode(upright.result).width, 50);
  EXPECT_GT(decode(upright.result).top_left[0], 200);
  const Ran as_is = run(handler, jpeg, {{"height", "100"}, {"auto-rotate", "false"}});
  EXPECT_EQ(decode(as_is.result).width, 200);
}

TEST(Thumbnail, QualityChangesTheSize) {
  const auto& handler = thumbnail();
  VipsImage* noise = nullptr;
  vips_gaussnoise(&noise, 300, 300, "mean", 128.0, "sigma", 40.0, nullptr);
  const Image owner(noise);
  VipsImage* bytes = nullptr;
  vips_cast_uchar(noise, &bytes, nullptr);
  const Image cast(bytes);
  const std::string jpeg = encode(bytes, ".jpg");
  EXPECT_GT(run(handler, jpeg, {{"quality", "95"}}).result.size(),
            run(handler, jpeg, {{"quality", "20"}}).result.size());
}

TEST(Thumbnail, SaysTheExactSizeWhenTheResultDoesNotFit) {
  const auto& handler = thumbnail();
  const std::string png = encode(half_red(400, 200).get(), ".png");
  for (const std::string format : {"jpeg", "png", "webp"}) {
    const Ran fits = run(handler, png, {{"format", format}});
    const Ran tight = run(handler, png, {{"format", format}}, 50);
    EXPECT_EQ(tight.code, RM_TOO_LARGE);
    EXPECT_EQ(tight.needed, fits.result.size());
  }
}

TEST(Thumbnail, RefusesWhatIsNoPicture) {
  const auto& handler = thumbnail();
  EXPECT_THAT(run(handler, "").message, HasSubstr("empty"));
  EXPECT_THAT(run(handler, "just some text, no picture").message, HasSubstr("not a JPEG, PNG or WebP"));
  EXPECT_EQ(run(handler, "\xff\xd8\xff").code, RM_FAILED);
  EXPECT_EQ(run(handler, "<svg xmlns='http://www.w3.org/2000/svg'/>").code, RM_FAILED);
}

TEST(Thumbnail, RefusesATruncatedPicture) {
  const auto& handler = thumbnail();
  VipsImage* noise = nullptr;
  vips_gaussnoise(&noise, 600, 600, nullptr);
  const Image owner(noise);
  VipsImage* bytes = nullptr;
  vips_cast_uchar(noise, &bytes, nullptr);
  const Image cast(bytes);
  for (const char* suffix : {".jpg", ".png", ".webp"}) {
    const std::string whole = encode(bytes, suffix);
    const Ran ran = run(handler, whole.substr(0, whole.size() / 2));
    EXPECT_EQ(ran.code, RM_FAILED) << suffix;
    EXPECT_NE(ran.message, "") << suffix;
    EXPECT_EQ(run(handler, whole).code, RM_DONE) << "the next job is not harmed";
  }
}

// Only the header of such a picture: the refusal comes before anything is decoded.
TEST(Thumbnail, Refuses100MegapixelsByTheHeader) {
  const auto& handler = thumbnail();
  VipsImage* black = nullptr;
  vips_black(&black, 10'000, 10'000, nullptr);
  const Image owner(black);
  const Ran ran = run(handler, encode(black, ".png"));
  EXPECT_EQ(ran.code, RM_FAILED);
  EXPECT_THAT(ran.message, HasSubstr("10000 x 10000"));
  EXPECT_THAT(ran.message, HasSubstr("100 megapixels"));
}

TEST(Thumbnail, GivesTransparencyAWhiteGround) {
  const auto& handler = thumbnail();
  VipsImage* black = nullptr;
  vips_black(&black, 64, 64, "bands", 4, nullptr);
  const Image owner(black);
  VipsImage* coloured = nullptr;
  vips_copy(black, &coloured, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  const Image rgba(coloured);
  const Ran ran = run(handler, encode(coloured, ".png"), {{"format", "jpeg"}});
  ASSERT_EQ(ran.code, RM_DONE) << ran.message;
  EXPECT_GT(decode(ran.result).top_left[0], 250);
}

}  // namespace
}  // namespace ringmaster
