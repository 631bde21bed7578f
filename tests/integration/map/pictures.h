#pragma once

#include <string>

namespace ringmaster {

/// A PNG of width x height pixels, RGB, not compressed: a pattern that differs by `seed`. For tests that must not need
/// a library to make their pictures.
[[nodiscard]] std::string make_png(unsigned width, unsigned height, unsigned seed);

}  // namespace ringmaster
