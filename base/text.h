#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringmaster {

/// True for well-formed UTF-8 (no overlong forms, no surrogates) without control characters other than tab and newline.
/// Protobuf refuses any other string, and a terminal would act on control characters.
[[nodiscard]] bool is_clean_text(std::string_view text);

/// `text` cut to `limit` bytes, with each byte that is_clean_text() rejects replaced by '?'. For showing what a worker
/// or a client has sent.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t limit = 4096);

/// clean_text() on one line, to be quoted in a sentence: line ends and tabs become spaces.
[[nodiscard]] std::string clean_quote(std::string_view text, std::size_t limit = 80);

/// `text`, or as many whole words of it as fit `limit` bytes together with "..." behind them. Never ends inside a
/// character; a single word that is longer is cut.
[[nodiscard]] std::string shorten_text(std::string_view text, std::size_t limit);

/// The character at the start of `text`: its code point and length; length 0 where `text` is empty or no UTF-8.
struct DecodedCharacter {
  char32_t code = 0;
  std::size_t length = 0;
};
[[nodiscard]] DecodedCharacter decode_character(std::string_view text) noexcept;

/// True for 1 to 64 characters out of [A-Za-z0-9_.-], the first one no '-' or '.': names of handlers, arguments and
/// pools.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace ringmaster
