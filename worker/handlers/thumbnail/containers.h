#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "worker/handlers/thumbnail/plan.h"

namespace ringmaster::thumbnail {

/// The format, by the first bytes. Throws std::runtime_error if it is not one of the three.
[[nodiscard]] Format format_of(std::string_view bytes);
[[nodiscard]] std::string_view name_of(Format format);
[[nodiscard]] Format format_named(std::string_view name);

/// What a file's chunks tell, before anything is decoded.
struct ContainerFacts {
  Size size;
  bool interlaced = false;
  unsigned bits_per_pixel = 0;
  unsigned frames = 1;  ///< Of an animation.
  std::string remark;   ///< Something odd but harmless; empty: nothing.
};

/// Both throw std::runtime_error for a cut or damaged file: the decoders check neither the last checksum of a PNG nor
/// the chunks of a WebP.
[[nodiscard]] ContainerFacts walk_png(std::span<const std::byte> bytes);
[[nodiscard]] ContainerFacts walk_webp(std::span<const std::byte> bytes);

/// Throws for a file that was copied as text: every line feed has a carriage return before it.
void refuse_text_copy(std::string_view bytes);

}  // namespace ringmaster::thumbnail
