#pragma once

#include "worker/handlers/thumbnail/image.h"
#include "worker/handlers/thumbnail/plan.h"

namespace ringmaster::thumbnail {

// Plans are given as the picture lies in its file, not upright.

/// What a WebP's decoder scales by: to the result's size where that is smaller, to at least a pixel a side.
[[nodiscard]] double webp_scale(Size picture, const Plan& lying);

/// The part in the middle; `image` is the picture or a smaller one that its decoder made.
[[nodiscard]] Image cut_out(Image image, Size picture, Size part);

[[nodiscard]] Image resize(Image image, Size to);

/// Turned by an EXIF orientation, 1 to 8.
[[nodiscard]] Image upright(Image image, int orientation);

}  // namespace ringmaster::thumbnail
