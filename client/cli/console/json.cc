#include "client/cli/console/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "client/cli/console/show_text.h"

namespace ringmaster::cli {

void JsonWriter::lead(std::string_view key) {
  if (!first_) out_ += ',';
  if (depth_ > 0) {
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }
  if (!key.empty()) out_ += json_string(key) + ": ";
  first_ = false;
}
void JsonWriter::close(char bracket) {
  --depth_;
  if (!first_) {
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }
  out_ += bracket;
  first_ = false;
}
JsonWriter& JsonWriter::begin_object(std::string_view key) {
  lead(key);
  out_ += '{';
  ++depth_;
  first_ = true;
  return *this;
}
JsonWriter& JsonWriter::end_object() {
  close('}');
  return *this;
}
JsonWriter& JsonWriter::begin_array(std::string_view key) {
  lead(key);
  out_ += '[';
  ++depth_;
  first_ = true;
  return *this;
}
JsonWriter& JsonWriter::end_array() {
  close(']');
  return *this;
}
JsonWriter& JsonWriter::text(std::string_view key, std::string_view value) {
  lead(key);
  out_ += json_string(value);
  return *this;
}
JsonWriter& JsonWriter::number(std::string_view key, std::uint64_t value) {
  lead(key);
  out_ += std::to_string(value);
  return *this;
}
JsonWriter& JsonWriter::number(std::string_view key, std::int64_t value) {
  lead(key);
  out_ += std::to_string(value);
  return *this;
}
JsonWriter& JsonWriter::real(std::string_view key, double value) {
  lead(key);
  // JSON knows no infinity; the longest double has 309 digits.
  std::array<char, 400> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 3).ptr;
  out_ +=
      std::isfinite(value) ? std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())) : "null";
  return *this;
}
JsonWriter& JsonWriter::boolean(std::string_view key, bool value) {
  lead(key);
  out_ += value ? "true" : "false";
  return *this;
}
std::string JsonWriter::take() { return std::move(out_) + "\n"; }

namespace {

// The \u escape of a character that could control a terminal; beyond U+FFFF a pair of surrogates.
std::string escaped(char32_t code) {
  char text[16];
  if (code < 0x10000) {
    std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(code));
  } else {
    const auto rest = static_cast<unsigned>(code) - 0x10000U;
    std::snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xD800U + (rest >> 10), 0xDC00U + (rest & 0x3FFU));
  }
  return text;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const DecodedCharacter one = decode_character(text);
    const std::size_t length = std::max<std::size_t>(one.length, 1);
    if (one.length == 0) {
      out += "\\ufffd";
    } else if (one.code == '"' || one.code == '\\') {
      out += '\\';
      out += text.front();
    } else if (clean_line(text.substr(0, length)) == text.substr(0, length)) {
      out += text.substr(0, length);
    } else {
      out += escaped(one.code);
    }
    text.remove_prefix(length);
  }
  return out + '"';
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    unsigned group = std::to_integer<unsigned>(bytes[at]) << 16;
    if (left > 1) group |= std::to_integer<unsigned>(bytes[at + 1]) << 8;
    if (left > 2) group |= std::to_integer<unsigned>(bytes[at + 2]);
    out += kDigits[group >> 18 & 63];
    out += kDigits[group >> 12 & 63];
    out += left > 1 ? kDigits[group >> 6 & 63] : '=';
    out += left > 2 ? kDigits[group & 63] : '=';
  }
  return out;
}

}  // namespace ringmaster::cli
