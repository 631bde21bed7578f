#pragma once

#include "worker/handlers/thumbnail/image.h"

namespace ringmaster::thumbnail {

/// The picture as it is scaled: grey, RGB or CMYK of 8 bits, with or without alpha. A colour profile that is broken, or
/// is for another kind of picture, is taken off: what is left means sRGB.
[[nodiscard]] Image prepare_colours(Image image);

/// Grey, or sRGB without a profile. A picture without a profile keeps its numbers.
[[nodiscard]] Image to_srgb(Image image);

/// White where the picture is transparent: JPEG has no transparency, and a page behind it would most often be white.
[[nodiscard]] Image on_white(Image image);

}  // namespace ringmaster::thumbnail
