#include "worker/handlers/thumbnail/containers.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <stdexcept>

namespace ringmaster::thumbnail {
namespace {

using namespace std::string_view_literals;

using Bytes = std::span<const std::byte>;

std::uint32_t big_endian(Bytes bytes) {
  std::uint32_t value = 0;
  for (const std::byte one : bytes) value = value << 8U | std::to_integer<std::uint32_t>(one);
  return value;
}
std::uint32_t little_endian(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | std::to_integer<std::uint32_t>(bytes[i - 1]);
  return value;
}
std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

[[noreturn]] void cut(std::string_view format, std::string_view chunk) {
  throw std::runtime_error("the " + std::string(format) + " is cut: it ends in the middle of its " +
                           std::string(chunk) + " chunk");
}

// The bits per pixel while libpng decodes. A palette has 1 channel in the file, and 3 when decoded.
unsigned png_bits_per_pixel(unsigned depth, unsigned colour_type) {
  const unsigned bits = std::max(8U, depth);
  switch (colour_type) {
    case 0:
      return bits;
    case 4:
      return 2 * bits;
    case 2:
      return 3 * bits;
    default:
      return 4 * bits;
  }
}

std::string printable(std::string_view name) {
  std::string text(name);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != ' '; }, '?');
  return text;
}

}  // namespace

Format format_of(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8\xff"sv)) return Format::Jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return Format::Png;
  if (bytes.size() >= 12 && bytes.starts_with("RIFF"sv) && bytes.substr(8, 4) == "WEBP"sv) return Format::Webp;
  if (bytes.empty()) throw std::runtime_error("the input is empty");
  throw std::runtime_error("the input is not a JPEG, PNG or WebP picture");
}

std::string_view name_of(Format format) {
  switch (format) {
    case Format::Jpeg:
      return "jpeg";
    case Format::Png:
      return "png";
    case Format::Webp:
      return "webp";
  }
  return "";
}

Format format_named(std::string_view name) {
  return name == "jpeg" ? Format::Jpeg : name == "png" ? Format::Png : Format::Webp;
}

ContainerFacts walk_png(Bytes bytes) {
  constexpr std::size_t kSignature = 8;
  constexpr std::size_t kFrame = 12;  // Length, type and checksum.
  ContainerFacts facts;
  bool data = false;
  std::size_t at = kSignature;
  for (std::string_view type; type != "IEND";) {
    if (bytes.size() - at < kFrame) {
      if (!data) throw std::runtime_error("the PNG is cut: it has no picture data");
      facts.remark = "the PNG lacks its end: it may have been cut";
      break;
    }
    const Bytes chunk = bytes.subspan(at);
    const std::size_t length = big_endian(chunk.first(4));
    type = text_of(chunk.subspan(4, 4));
    if (at == kSignature && (type != "IHDR" || length != 13)) throw std::runtime_error("the PNG has no header");
    if (length > chunk.size() - kFrame) {
      if (!data || type == "IDAT") cut("PNG", printable(type));
      facts.remark = "the PNG lacks its end: it may have been cut";
      break;
    }
    const Bytes content = chunk.subspan(8, length);
    const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(chunk.data() + 4), length + 4);
    const bool critical = (std::to_integer<unsigned>(chunk[4]) & 0x20U) == 0;
    if (sum != big_endian(chunk.subspan(8 + length, 4))) {
      if (critical) {
        throw std::runtime_error("the PNG is damaged: the checksum of its " + printable(type) + " chunk at byte " +
                                 std::to_string(at) + " is wrong");
      }
      facts.remark = "the PNG's " + printable(type) + " chunk is damaged and was passed over";
    }
    if (type == "IHDR" && length == 13) {
      facts.size = {static_cast<int>(std::min(big_endian(content.first(4)), 0x7fffffffU)),
                    static_cast<int>(std::min(big_endian(content.subspan(4, 4)), 0x7fffffffU))};
      facts.bits_per_pixel =
          png_bits_per_pixel(std::to_integer<unsigned>(content[8]), std::to_integer<unsigned>(content[9]));
      facts.interlaced = content[12] != std::byte{0};
    }
    if (type == "acTL" && length == 8) facts.frames = big_endian(content.first(4));
    data = data || type == "IDAT";
    at += kFrame + length;
  }
  return facts;
}

ContainerFacts walk_webp(Bytes bytes) {
  constexpr std::size_t kHeader = 12;
  constexpr std::size_t kChunkHeader = 8;
  // The declared size does not count the first eight bytes; some programs omit the last chunk's byte of padding.
  const std::uint64_t declared = std::uint64_t{little_endian(bytes.subspan(4, 4))} + 8;
  if (declared > std::uint64_t{bytes.size()} + 1) {
    throw std::runtime_error("the WebP is cut: it has " + std::to_string(bytes.size()) + " of " +
                             std::to_string(declared) + " bytes");
  }
  bytes = bytes.first(std::min<std::uint64_t>(declared, bytes.size()));
  ContainerFacts facts;
  unsigned frames = 0;
  for (std::size_t at = kHeader; bytes.size() - at >= kChunkHeader;) {
    const Bytes chunk = bytes.subspan(at);
    const std::string_view type = text_of(chunk.first(4));
    const std::size_t length = little_endian(chunk.subspan(4, 4));
    if (length > chunk.size() - kChunkHeader) cut("WebP", printable(type));
    const Bytes content = chunk.subspan(kChunkHeader, length);
    if (facts.size == Size{} && type == "VP8X" && length >= 10) {
      facts.size = {static_cast<int>(little_endian(content.subspan(4, 3))) + 1,
                    static_cast<int>(little_endian(content.subspan(7, 3))) + 1};
    } else if (facts.size == Size{} && type == "VP8 " && length >= 10) {
      facts.size = {static_cast<int>(little_endian(content.subspan(6, 2)) & 0x3fffU),
                    static_cast<int>(little_endian(content.subspan(8, 2)) & 0x3fffU)};
    } else if (facts.size == Size{} && type == "VP8L" && length >= 5) {
      const std::uint32_t both = little_endian(content.subspan(1, 4));
      facts.size = {static_cast<int>(both & 0x3fffU) + 1, static_cast<int>(both >> 14U & 0x3fffU) + 1};
    }
    frames += type == "ANMF" ? 1 : 0;
    at += std::min(chunk.size(), kChunkHeader + length + length % 2);
  }
  if (facts.size.width == 0 || facts.size.height == 0) throw std::runtime_error("the WebP has no picture data");
  facts.frames = std::max(1U, frames);
  return facts;
}

void refuse_text_copy(std::string_view bytes) {
  constexpr std::size_t kEnough = 8;  // The chance that an undamaged file has so many: one in 256^8.
  std::size_t lines = 0;
  for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') return;
    ++lines;
  }
  if (lines >= kEnough) {
    throw std::runtime_error("the picture is damaged: it was copied as text, each of its " + std::to_string(lines) +
                             " line feeds has a carriage return before it; copy it again in binary mode");
  }
}

}  // namespace ringmaster::thumbnail
