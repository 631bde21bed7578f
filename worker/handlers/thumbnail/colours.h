#pragma once

#include "worker/handlers/thumbnail/image.h"

namespace ringmaster::thumbnail {

/// Converts the picture to what the scaler takes: grey, RGB or CMYK of 8 bits, with or without alpha. A broken colour
/// profile, or one for another kind of picture, is removed; the picture then counts as sRGB.
[[nodiscard]] Image prepare_colours(Image image);

/// Converts to grey, or to sRGB without a profile. A picture without a profile keeps its values.
[[nodiscard]] Image to_srgb(Image image);

/// Makes transparent parts white: JPEG has no transparency, and the page behind would most often be white.
[[nodiscard]] Image on_white(Image image);

}  // namespace ringmaster::thumbnail
