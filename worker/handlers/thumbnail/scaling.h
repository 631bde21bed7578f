#pragma once

#include "worker/handlers/thumbnail/image.h"
#include "worker/handlers/thumbnail/plan.h"

namespace ringmaster::thumbnail {

// Plans are given as the picture lies in its file, not upright.

/// The factor by which the WebP decoder scales: to the result's size if that is smaller, but to at least one pixel a
/// side.
[[nodiscard]] double webp_scale(Size picture, const Plan& lying);

/// Cuts out the part in the middle; `image` is the picture, or a smaller version that the decoder made.
[[nodiscard]] Image cut_out(Image image, Size picture, Size part);

[[nodiscard]] Image resize(Image image, Size to);

/// Turns the picture by its EXIF orientation, 1 to 8.
[[nodiscard]] Image upright(Image image, int orientation);

}  // namespace ringmaster::thumbnail
