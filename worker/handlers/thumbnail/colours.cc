#include "worker/handlers/thumbnail/colours.h"

#include <lcms2.h>

#include <array>
#include <optional>

namespace ringmaster::thumbnail {
namespace {

struct CloseProfile {
  void operator()(void* profile) const { ::cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, CloseProfile>;

bool is_cmyk(VipsImage* image) { return vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK; }

// A kind of picture, and the colour space that its profile must describe.
struct Kind {
  cmsColorSpaceSignature space;
  cmsUInt32Number format;
};
Kind kind_of(VipsImage* image) {
  if (is_cmyk(image)) return {cmsSigCmykData, TYPE_CMYK_8};
  if (vips_image_get_bands(image) < 3) return {cmsSigGrayData, TYPE_GRAY_8};
  return {cmsSigRgbData, TYPE_RGB_8};
}

// The rendering intent for the picture's profile; nullopt: it has no usable profile.
std::optional<VipsIntent> usable_profile(VipsImage* image) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) == 0 ||
      vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &size) != 0) {
    return std::nullopt;
  }
  const Profile profile(::cmsOpenProfileFromMem(data, static_cast<cmsUInt32Number>(size)));
  const Kind kind = kind_of(image);
  if (!profile || ::cmsGetColorSpace(profile.get()) != kind.space) return std::nullopt;
  const Profile srgb(::cmsCreate_sRGBProfile());
  // Relative is preferred; a profile with only one table has it as the perceptual one.
  for (const VipsIntent intent : {VIPS_INTENT_RELATIVE, VIPS_INTENT_PERCEPTUAL}) {
    const auto number = static_cast<cmsUInt32Number>(intent);
    if (::cmsIsIntentSupported(profile.get(), number, LCMS_USED_AS_INPUT) == FALSE) continue;
    void* const tried =
        ::cmsCreateTransform(profile.get(), kind.format, srgb.get(), TYPE_RGB_8, number, cmsFLAGS_NOOPTIMIZE);
    if (tried == nullptr) continue;
    ::cmsDeleteTransform(tried);
    return intent;
  }
  return std::nullopt;
}

Image without_profile(VipsImage* image) {
  VipsImage* copy = nullptr;
  if (vips_copy(image, &copy, nullptr) != 0) fail("cannot take the colour profile off");
  vips_image_remove(copy, VIPS_META_ICC_NAME);
  return Image(copy);
}

}  // namespace

Image prepare_colours(Image image) {
  if (!usable_profile(image.get())) image = without_profile(image.get());
  vips_error_clear();  // Errors about the profile do not fail the job.
  if (is_cmyk(image.get())) return image;
  VipsImage* plain = nullptr;
  if (vips_colourspace(image.get(), &plain,
                       vips_image_get_bands(image.get()) < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB,
                       nullptr) != 0) {
    fail("cannot convert the colours");
  }
  return Image(plain);
}

Image to_srgb(Image image) {
  const auto intent = usable_profile(image.get());
  if (!intent && !is_cmyk(image.get())) return image;
  // CMYK without a profile is read by libvips's default profile, a common press.
  VipsImage* converted = nullptr;
  if (vips_icc_transform(image.get(), &converted, "srgb", "embedded", TRUE, "intent",
                         intent.value_or(VIPS_INTENT_RELATIVE), nullptr) != 0) {
    fail("cannot convert the colours to sRGB");
  }
  return without_profile(Image(converted).get());
}

Image on_white(Image image) {
  if (vips_image_hasalpha(image.get()) == 0) return image;
  const std::array<double, 3> white{255, 255, 255};
  const int bands = vips_image_get_bands(image.get()) - 1;
  VipsArrayDouble* const background = vips_array_double_new(white.data(), bands);
  VipsImage* flat = nullptr;
  const int failed = vips_flatten(image.get(), &flat, "background", background, nullptr);
  vips_area_unref(VIPS_AREA(background));
  if (failed != 0) fail("cannot remove the transparency");
  return Image(flat);
}

}  // namespace ringmaster::thumbnail
