#pragma once

#include <string>
#include <string_view>

namespace ringmaster {

/// True for well-formed UTF-8 (no overlong forms, no surrogates) without control characters other than tab and newline.
/// Protobuf refuses a message whose strings are anything else, and a terminal obeys control characters.
[[nodiscard]] bool is_clean_text(std::string_view text);

/// `text` cut to `limit` bytes, each offending byte replaced by '?': what a worker or a client said, made fit to be
/// shown.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t limit = 4096);

/// True for 1 to 64 characters out of [A-Za-z0-9_.-], the first one no '-' or '.': names of handlers, arguments and
/// pools.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace ringmaster
