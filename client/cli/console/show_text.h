#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Makes text that is not ours (file names, texts of handlers and daemons) safe for a terminal. Pure.
namespace ringmaster::cli {

/// One line that cannot control a terminal: line breaks and tabs become spaces; other control characters, invisible
/// ones, those that change the writing direction, and bytes that are not UTF-8 become '?'.
[[nodiscard]] std::string clean_line(std::string_view text);
/// The same, but keeps line breaks.
[[nodiscard]] std::string clean_lines(std::string_view text);

/// Columns that `text`, which is clean, takes on a terminal.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// The beginning of `text` that takes at most `columns`.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace ringmaster::cli
