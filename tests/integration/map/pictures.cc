#include "tests/integration/map/pictures.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace ringmaster {
namespace {

void put32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

std::uint32_t crc32(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t at = 0; at < made.size(); ++at) {
      std::uint32_t value = at;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320U ^ value >> 1 : value >> 1;
      made[at] = value;
    }
    return made;
  }();
  std::uint32_t crc = ~0U;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ crc >> 8;
  return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void put_chunk(std::string& out, std::string_view type, std::string_view data) {
  put32(out, static_cast<std::uint32_t>(data.size()));
  const std::string body = std::string(type) + std::string(data);
  out += body;
  put32(out, crc32(body));
}

// zlib's format with stored blocks only.
std::string store(std::string_view bytes) {
  constexpr std::size_t kBlock = 65535;
  std::string out("\x78\x01", 2);
  for (std::size_t at = 0; at < bytes.size(); at += kBlock) {
    const std::string_view block = bytes.substr(at, kBlock);
    const auto size = static_cast<std::uint16_t>(block.size());
    out += at + kBlock >= bytes.size() ? '\1' : '\0';
    for (const unsigned word : {unsigned{size}, ~unsigned{size}})
      for (const unsigned shift : {0U, 8U}) out += static_cast<char>(word >> shift & 0xFF);
    out += block;
  }
  put32(out, adler32(bytes));
  return out;
}

}  // namespace

std::string make_png(unsigned width, unsigned height, unsigned seed) {
  std::string pixels;
  pixels.reserve(std::size_t{height} * (1 + std::size_t{width} * 3));
  for (unsigned y = 0; y < height; ++y) {
    pixels += '\0';  // no filter
    for (unsigned x = 0; x < width; ++x)
      for (const unsigned value : {x + seed, y * 3 + seed, x * y + seed}) pixels += static_cast<char>(value & 0xFF);
  }
  std::string header;
  put32(header, width);
  put32(header, height);
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB
  std::string out("\x89PNG\r\n\x1a\n", 8);
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", store(pixels));
  put_chunk(out, "IEND", {});
  return out;
}

}  // namespace ringmaster
