// Colours of thumbnails against values that are computed here: by formula for profiles that are three primaries and a
// curve, by a transform of lcms for presses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lcms2.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "pictures.h"

namespace ringmaster::worker {
namespace {

using test::Colour;
using test::colour_at;
using test::encode;
using test::Image;
using test::open_picture;
using test::quarters;
using test::Ran;
using test::run;
using test::thumbnail;

const std::vector<Colour> kRgb{{200, 40, 60}, {60, 170, 80}, {50, 80, 200}, {128, 128, 128}};
const std::vector<Colour> kGrey{{20}, {90}, {160}, {230}};
const std::vector<Colour> kCmyk{{110, 30, 60, 10}, {20, 150, 140, 30}, {60, 20, 10, 0}, {0, 0, 0, 128}};

std::string bytes_of(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(profile, nullptr, &size);
  std::string bytes(size, '\0');
  cmsSaveProfileToMem(profile, bytes.data(), &size);
  cmsCloseProfile(profile);
  return bytes;
}

// Adobe RGB (1998), 4.3.1: D65, its primaries, gamma 2 51/256.
constexpr double kAdobeGamma = 563.0 / 256;
std::string adobe_rgb() {
  const cmsCIExyY white{0.3127, 0.3290, 1};
  const cmsCIExyYTRIPLE primaries{{0.64, 0.33, 1}, {0.21, 0.71, 1}, {0.15, 0.06, 1}};
  cmsToneCurve* const curve = cmsBuildGamma(nullptr, kAdobeGamma);
  cmsToneCurve* const curves[] = {curve, curve, curve};
  const std::string bytes = bytes_of(cmsCreateRGBProfile(&white, &primaries, curves));
  cmsFreeToneCurve(curve);
  return bytes;
}

constexpr double kGreyGamma = 1.8;
std::string grey_profile() {
  cmsToneCurve* const curve = cmsBuildGamma(nullptr, kGreyGamma);
  const std::string bytes = bytes_of(cmsCreateGrayProfile(cmsD50_xyY(), curve));
  cmsFreeToneCurve(curve);
  return bytes;
}

// One of those that libvips carries: srgb, p3, cmyk.
std::string built_in(const char* name) {
  VipsBlob* blob = nullptr;
  if (vips_profile_load(name, &blob, nullptr) != 0) throw std::runtime_error(vips_error_buffer());
  std::size_t size = 0;
  const auto* const data = static_cast<const char*>(vips_blob_get(blob, &size));
  const std::string bytes(data, size);
  vips_area_unref(VIPS_AREA(blob));
  return bytes;
}

double to_srgb(double linear) {
  const double in = std::clamp(linear, 0.0, 1.0);
  return 255 * (in <= 0.0031308 ? 12.92 * in : 1.055 * std::pow(in, 1 / 2.4) - 0.055);
}
double from_srgb(double number) {
  const double in = number / 255;
  return in <= 0.04045 ? in / 12.92 : std::pow((in + 0.055) / 1.055, 2.4);
}

// Both have the white of sRGB: from linear light in their primaries to linear light in sRGB's.
using Matrix = std::array<std::array<double, 3>, 3>;
constexpr Matrix kFromAdobe{{{1.39836, -0.39836, 0}, {0, 1, 0}, {0, -0.04293, 1.04293}}};
constexpr Matrix kFromP3{{{1.22494, -0.22494, 0}, {-0.04206, 1.04206, 0}, {-0.01964, -0.07864, 1.09828}}};

template <typename Linear>
std::vector<Colour> by_matrix(const Matrix& matrix, Linear&& linear) {
  std::vector<Colour> all;
  for (const Colour& in : kRgb) {
    Colour out;
    for (const auto& row : matrix) {
      double sum = 0;
      for (std::size_t i = 0; i < 3; ++i) sum += row[i] * linear(in[i]);
      out.push_back(to_srgb(sum));
    }
    all.push_back(out);
  }
  return all;
}

std::vector<Colour> by_lcms(const std::string& profile) {
  cmsHPROFILE const from = cmsOpenProfileFromMem(profile.data(), static_cast<cmsUInt32Number>(profile.size()));
  cmsHPROFILE const to = cmsCreate_sRGBProfile();
  cmsHTRANSFORM const transform =
      cmsCreateTransform(from, TYPE_CMYK_8, to, TYPE_RGB_8, INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOOPTIMIZE);
  std::vector<Colour> all;
  for (const Colour& in : kCmyk) {
    std::array<unsigned char, 4> ink{};
    std::transform(in.begin(), in.end(), ink.begin(), [](double one) { return static_cast<unsigned char>(one); });
    std::array<unsigned char, 3> out{};
    cmsDoTransform(transform, ink.data(), out.data(), 1);
    all.push_back({static_cast<double>(out[0]), static_cast<double>(out[1]), static_cast<double>(out[2])});
  }
  cmsDeleteTransform(transform);
  cmsCloseProfile(from);
  cmsCloseProfile(to);
  return all;
}

std::vector<Colour> by_gamma(double gamma) {
  std::vector<Colour> all;
  for (const Colour& in : kGrey) all.push_back({to_srgb(std::pow(in[0] / 255, gamma))});
  return all;
}

enum class Kind { Rgb, Rgb16, Rgba, Rgba16, Grey, Grey16, GreyAlpha, Cmyk };

// With alpha: the first quarter is half transparent.
Image picture(Kind kind) {
  const auto changed = [](std::vector<Colour> colours, double by, bool alpha) {
    for (std::size_t i = 0; i < colours.size(); ++i) {
      if (alpha) colours[i].push_back(i == 0 ? 128 : 255);
      for (double& one : colours[i]) one *= by;
    }
    return colours;
  };
  const auto make = [&](const std::vector<Colour>& colours, bool alpha, bool deep, VipsInterpretation as) {
    return quarters(changed(colours, deep ? 257 : 1, alpha), 120, 80, as,
                    deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
  };
  switch (kind) {
    case Kind::Rgb:
      return make(kRgb, false, false, VIPS_INTERPRETATION_sRGB);
    case Kind::Rgb16:
      return make(kRgb, false, true, VIPS_INTERPRETATION_RGB16);
    case Kind::Rgba:
      return make(kRgb, true, false, VIPS_INTERPRETATION_sRGB);
    case Kind::Rgba16:
      return make(kRgb, true, true, VIPS_INTERPRETATION_RGB16);
    case Kind::Grey:
      return make(kGrey, false, false, VIPS_INTERPRETATION_B_W);
    case Kind::Grey16:
      return make(kGrey, false, true, VIPS_INTERPRETATION_GREY16);
    case Kind::GreyAlpha:
      return make(kGrey, true, false, VIPS_INTERPRETATION_B_W);
    case Kind::Cmyk:
      return make(kCmyk, false, false, VIPS_INTERPRETATION_CMYK);
  }
  return nullptr;
}

bool has_alpha(Kind kind) { return kind == Kind::Rgba || kind == Kind::Rgba16 || kind == Kind::GreyAlpha; }

struct Row {
  const char* name;
  Kind kind;
  std::string profile;  // Empty: none.
  std::vector<Colour> right;
  std::string formats;  // That have it.
};

std::vector<Row> rows() {
  const std::string all = "jpg png webp";
  const std::string adobe = adobe_rgb();
  const std::string grey = grey_profile();
  const std::string cmyk = built_in("cmyk");
  const auto right_adobe = by_matrix(kFromAdobe, [](double in) { return std::pow(in / 255, kAdobeGamma); });
  const auto right_p3 = by_matrix(kFromP3, from_srgb);
  std::string broken = adobe;
  std::fill(broken.begin() + 128, broken.begin() + 200, '\xee');
  return {
      {"untagged", Kind::Rgb, "", kRgb, all},
      {"untagged, alpha", Kind::Rgba, "", kRgb, "png webp"},
      {"untagged, 16 bit", Kind::Rgb16, "", kRgb, "png"},
      {"untagged, 16 bit, alpha", Kind::Rgba16, "", kRgb, "png"},
      {"untagged grey", Kind::Grey, "", kGrey, "jpg png"},
      {"untagged grey, 16 bit", Kind::Grey16, "", kGrey, "png"},
      {"untagged grey, alpha", Kind::GreyAlpha, "", kGrey, "png"},
      {"untagged CMYK", Kind::Cmyk, "", by_lcms(cmyk), "jpg"},
      {"sRGB", Kind::Rgb, built_in("srgb"), kRgb, all},
      {"Adobe RGB", Kind::Rgb, adobe, right_adobe, all},
      {"Adobe RGB, alpha", Kind::Rgba, adobe, right_adobe, "png webp"},
      {"Adobe RGB, 16 bit", Kind::Rgb16, adobe, right_adobe, "png"},
      {"Display P3", Kind::Rgb, built_in("p3"), right_p3, all},
      {"Display P3, 16 bit, alpha", Kind::Rgba16, built_in("p3"), right_p3, "png"},
      {"CMYK", Kind::Cmyk, cmyk, by_lcms(cmyk), "jpg"},
      {"grey with a profile", Kind::Grey, grey, by_gamma(kGreyGamma), "jpg png"},
      {"grey with a profile, 16 bit", Kind::Grey16, grey, by_gamma(kGreyGamma), "png"},
      {"grey with a profile, alpha", Kind::GreyAlpha, grey, by_gamma(kGreyGamma), "png"},
      // Profiles that do not fit are passed over.
      {"grey, profile for RGB", Kind::Grey, adobe, kGrey, "jpg png"},
      {"grey with alpha, profile for RGB", Kind::GreyAlpha, adobe, kGrey, "png"},
      {"grey, profile for CMYK", Kind::Grey, cmyk, kGrey, "jpg png"},
      {"RGB, profile for grey", Kind::Rgb, grey, kRgb, "jpg webp"},
      {"RGB, profile for CMYK", Kind::Rgb, cmyk, kRgb, "jpg webp"},
      {"alpha, profile for CMYK", Kind::Rgba, cmyk, kRgb, "webp"},
      {"CMYK, profile for RGB", Kind::Cmyk, adobe, by_lcms(cmyk), "jpg"},
      {"CMYK, profile for grey", Kind::Cmyk, grey, by_lcms(cmyk), "jpg"},
      {"profile cut", Kind::Rgb, adobe.substr(0, adobe.size() / 3), kRgb, "jpg webp"},
      {"profile of zeros", Kind::Rgb, std::string(300, '\0'), kRgb, "jpg webp"},
      {"profile with a broken table", Kind::Rgb, broken, kRgb, "jpg webp"},
  };
}

void compare(const Row& row, const std::string& result, double tolerance, const std::string& what) {
  const Image image = open_picture(result);
  EXPECT_EQ(vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME), 0U) << what << ": the result has a profile";
  const int width = vips_image_get_width(image.get());
  const int height = vips_image_get_height(image.get());
  for (int i = 0; i < 4; ++i) {
    const Colour got = colour_at(image.get(), width / 4 + i % 2 * width / 2, height / 4 + i / 2 * height / 2);
    const Colour& right = row.right[static_cast<std::size_t>(i)];
    const bool transparent = has_alpha(row.kind) && i == 0;
    for (std::size_t band = 0; band < 3; ++band) {
      const double want = right[std::min(band, right.size() - 1)];
      const double has = got[got.size() < 3 ? 0 : band];
      const bool flat = transparent && got.size() % 2 == 1;  // On white.
      EXPECT_NEAR(has, flat ? (want * 128 + 255 * 127) / 255 : want, tolerance) << what << ", quarter " << i;
    }
    if (has_alpha(row.kind) && got.size() % 2 == 0) {
      EXPECT_NEAR(got.back(), transparent ? 128 : 255, 2) << what;
    }
  }
}

TEST(ThumbnailColours, AreWhatTheyWere) {
  for (const Row& row : rows()) {
    for (const char* suffix : {"jpg", "png", "webp"}) {
      if (row.formats.find(suffix) == std::string::npos) continue;
      const Image image = picture(row.kind);
      if (!row.profile.empty()) {
        vips_image_set_blob_copy(image.get(), VIPS_META_ICC_NAME, row.profile.data(), row.profile.size());
      }
      const std::string options = suffix == std::string("jpg")   ? ".jpg[Q=98,subsample_mode=off]"
                                  : suffix == std::string("png") ? ".png"
                                                                 : ".webp[lossless=true]";
      const std::string input = encode(image.get(), options.c_str());
      for (const auto& [format, tolerance] : {std::pair("png", 3.5), {"jpeg", 6.0}, {"webp", 9.0}}) {
        for (const char* width : {"60", "500"}) {
          const std::string what = std::string(row.name) + ", " + suffix + " to " + format + ", width " + width;
          const Ran ran = run(thumbnail(), input, {{"width", width}, {"format", format}});
          ASSERT_EQ(ran.code, RM_DONE) << what << ": " << ran.message;
          EXPECT_EQ(ran.message, "") << what;
          compare(row, ran.result, tolerance, what);
        }
      }
    }
  }
}

// Orientation and profile at once: what turns the picture must not lose its colours.
TEST(ThumbnailColours, StayWhenThePictureIsTurned) {
  const std::string p3 = built_in("p3");
  const Image image = picture(Kind::Rgb);
  vips_image_set_blob_copy(image.get(), VIPS_META_ICC_NAME, p3.data(), p3.size());
  vips_image_set_int(image.get(), VIPS_META_ORIENTATION, 3);  // Upside down: the last quarter comes first.
  Row row{"turned", Kind::Rgb, p3, by_matrix(kFromP3, from_srgb), ""};
  std::reverse(row.right.begin(), row.right.end());
  const Ran ran =
      run(thumbnail(), encode(image.get(), ".jpg[Q=98,subsample_mode=off]"), {{"width", "60"}, {"format", "png"}});
  ASSERT_EQ(ran.code, RM_DONE) << ran.message;
  compare(row, ran.result, 3.5, "turned");
}

}  // namespace
}  // namespace ringmaster::worker
