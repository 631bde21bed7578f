#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "worker/handlers/thumbnail/plan.h"

namespace ringmaster::thumbnail {

/// By the first bytes. Throws std::runtime_error for what is no picture of the three.
[[nodiscard]] Format format_of(std::string_view bytes);
[[nodiscard]] std::string_view name_of(Format format);
[[nodiscard]] Format format_named(std::string_view name);

/// What is found by walking over a file's chunks, before anything is decoded.
struct ContainerFacts {
  Size size;
  bool interlaced = false;
  unsigned bits_per_pixel = 0;
  unsigned frames = 1;  ///< Of an animation.
  std::string remark;   ///< What is odd and harmless, or nothing.
};

/// Both throw std::runtime_error for a file that is cut or damaged: the decoders look at neither PNG's last checksum
/// nor at anything in WebP's data.
[[nodiscard]] ContainerFacts walk_png(std::span<const std::byte> bytes);
[[nodiscard]] ContainerFacts walk_webp(std::span<const std::byte> bytes);

/// Throws for a file that was copied as text: no line feed without a carriage return before it, by chance impossible.
void refuse_text_copy(std::string_view bytes);

}  // namespace ringmaster::thumbnail
