#include "proto/text.h"

#include <algorithm>
#include <cstdint>

namespace ringmaster {
namespace {

constexpr std::size_t kMaxNameLength = 64;

// Length of the well-formed character at the start of `text`; 0 where there is none. Ranges: Unicode 15, table 3-7.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return (first >= 0x20 && first != 0x7F) || first == '\t' || first == '\n' ? 1 : 0;
  if (first >= 0xC2 && first <= 0xDF) {
    // U+0080 to U+009F are control characters too.
    return tail(1) && !(first == 0xC2 && byte(1) < 0xA0) ? 2 : 0;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

bool is_clean_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string clean_text(std::string_view text, std::size_t limit) {
  std::string out;
  out.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (out.size() + std::max<std::size_t>(length, 1) > limit) break;
    if (length == 0) {
      out += '?';
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength && text.front() != '-' && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

}  // namespace ringmaster
