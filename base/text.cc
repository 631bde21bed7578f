#include "base/text.h"

#include <algorithm>
#include <cstdint>

namespace ringmaster {
namespace {

constexpr std::size_t kMaxNameLength = 64;

// C0, DEL and C1.
bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// Length of the character at the start of `text`; 0: it is not UTF-8, or must not be shown.
std::size_t character_length(std::string_view text) {
  const DecodedCharacter first = decode_character(text);
  return is_control(first.code) && first.code != '\t' && first.code != '\n' ? 0 : first.length;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

// Ranges: Unicode 15, table 3-7.
DecodedCharacter decode_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const std::uint8_t first = byte(0);
  if (text.empty()) return {};
  if (first < 0x80) return {first, 1};
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0) return {};
  const std::uint8_t second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return {};
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return {};
  char32_t code = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  return {code, length};
}

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

std::string clean_quote(std::string_view text, std::size_t limit) {
  std::string out = clean_text(text, limit);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

std::string shorten_text(std::string_view text, std::size_t limit) {
  constexpr std::string_view kMore = "...";
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit > kMore.size() ? limit - kMore.size() : 0;
  const auto space = text.substr(0, end + 1).find_last_of(" \t\n");
  // A last word longer than half of `limit` is cut rather than left out.
  const bool at_word = space != std::string_view::npos && space >= limit / 2;
  if (at_word) end = text.substr(0, space).find_last_not_of(" \t\n,;:") + 1;
  while (!at_word && end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + std::string(kMore.substr(0, std::min(kMore.size(), limit)));
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength && text.front() != '-' && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

}  // namespace ringmaster
