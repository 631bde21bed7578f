#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include "pictures.h"

namespace ringmaster::worker {
namespace {

using test::encode;
using test::Image;
using test::made;
using test::Ran;
using test::run;
using test::thumbnail;
using testing::HasSubstr;

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

TEST(Thumbnail, KeepsTheBoxesShapeWithoutEnlarging) {
  const std::string png = encode(half_red(60, 40).get(), ".png");
  const auto size = [&](test::Arguments arguments) {
    const Ran ran = run(thumbnail(), png, arguments);
    EXPECT_EQ(ran.code, RM_DONE) << ran.message;
    const Decoded decoded = decode(ran.result);
    return std::pair(decoded.width, decoded.height);
  };
  EXPECT_EQ(size({{"width", "100"}, {"height", "100"}, {"fit", "fill"}}), std::pair(60, 40));
  EXPECT_EQ(size({{"width", "100"}, {"height", "20"}, {"fit", "fill"}}), std::pair(60, 20));
  EXPECT_EQ(size({{"width", "100"}, {"height", "100"}, {"fit", "cover"}}), std::pair(40, 40));
  EXPECT_EQ(size({{"width", "100"}, {"height", "100"}, {"fit", "cover"}, {"enlarge", "true"}}), std::pair(100, 100));
  EXPECT_EQ(size({{"width", "100"}, {"height", "100"}, {"fit", "fill"}, {"enlarge", "true"}}), std::pair(100, 100));
}

TEST(Thumbnail, CropsTheMiddleOfATurnedPicture) {
  const Image picture = half_red(400, 200);
  vips_image_set_int(picture.get(), VIPS_META_ORIENTATION, 6);
  for (const char* suffix : {".jpg", ".webp[lossless=true]"}) {
    const Ran ran = run(thumbnail(), encode(picture.get(), suffix),
                        {{"width", "60"}, {"height", "30"}, {"fit", "cover"}, {"format", "png"}});
    ASSERT_EQ(ran.code, RM_DONE) << ran.message;
    const Image result = test::open_picture(ran.result);
    EXPECT_EQ(vips_image_get_width(result.get()), 60);
    EXPECT_EQ(vips_image_get_height(result.get()), 30);
    EXPECT_GT(test::colour_at(result.get(), 30, 5)[0], 200) << suffix;  // Upright, its upper half is red.
    EXPECT_LT(test::colour_at(result.get(), 30, 25)[0], 50) << suffix;
  }
}

TEST(Thumbnail, RefusesAResultThatIsTooLargeBeforeTheWork) {
  const std::string png = encode(half_red(2, 2).get(), ".png");
  const Ran huge =
      run(thumbnail(), png, {{"width", "16383"}, {"height", "16383"}, {"enlarge", "true"}, {"fit", "cover"}});
  EXPECT_EQ(huge.code, RM_INVALID);
  EXPECT_THAT(huge.message, HasSubstr("100 megapixels"));
  const Image tall = made([](VipsImage** out) { return vips_black(out, 100, 20000, nullptr); });
  const Ran webp = run(thumbnail(), encode(tall.get(), ".png"), {{"width", "100"}, {"format", "webp"}});
  EXPECT_EQ(webp.code, RM_INVALID);
  EXPECT_THAT(webp.message, HasSubstr("16383"));
}

// As phones take them: 108 and 200 megapixels. Blank, so that the input is made fast.
TEST(Thumbnail, ShrinksAHugeJpegWhileItIsDecoded) {
  const Image photo = made([](VipsImage** out) { return vips_black(out, 12000, 9000, "bands", 3, nullptr); });
  const Ran ran = run(thumbnail(), encode(photo.get(), ".jpg"));
  ASSERT_EQ(ran.code, RM_DONE) << ran.message;
  EXPECT_EQ(decode(ran.result).width, 256);
}

// A header alone: what it declares would take more than is there.
TEST(Thumbnail, RefusesAProgressiveJpegThatTakesTooMuchMemory) {
  const Image small = half_red(64, 64);
  std::string bomb = encode(small.get(), ".jpg[interlace=true,subsample_mode=off]");
  const auto frame = bomb.find("\xff\xc2");
  ASSERT_NE(frame, std::string::npos);
  for (const std::size_t at : {frame + 5, frame + 7}) bomb.replace(at, 2, "\xff\x00", 2);
  const Ran ran = run(thumbnail(), bomb);
  EXPECT_EQ(ran.code, RM_FAILED);
  EXPECT_THAT(ran.message, HasSubstr("600 MB"));
}

TEST(Thumbnail, RemarksThatAnAnimationGivesItsFirstFrame) {
  const Image two =
      test::quarters({{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {9, 9, 9}}, 20, 40, VIPS_INTERPRETATION_sRGB);
  vips_image_set_int(two.get(), VIPS_META_PAGE_HEIGHT, 20);
  const Ran webp = run(thumbnail(), encode(two.get(), ".webp"));
  EXPECT_EQ(webp.code, RM_DONE) << webp.message;
  EXPECT_THAT(webp.message, HasSubstr("animation of 2 frames"));
  std::string apng = encode(half_red(20, 20).get(), ".png");
  // acTL: 3 frames, played for ever, with its checksum.
  const std::string control(
      "\0\0\0\x08"
      "acTL\0\0\0\x03\0\0\0\0",
      16);
  apng.insert(33, control + std::string("\xce\xed\xba\xc0", 4));
  const Ran png = run(thumbnail(), apng);
  EXPECT_EQ(png.code, RM_DONE) << png.message;
  EXPECT_THAT(png.message, HasSubstr("animation of 3 frames"));
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
}  // namespace ringmaster::worker
