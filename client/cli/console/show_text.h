#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text of strangers (file names, what handlers and daemons say) made fit for a terminal. Pure.
namespace ringmaster::cli {

/// One line that commands no terminal: line breaks and tabs become spaces; other control characters, those that turn
/// the direction of writing or are invisible, and bytes that are no UTF-8 become '?'.
[[nodiscard]] std::string clean_line(std::string_view text);
/// The same line by line.
[[nodiscard]] std::string clean_lines(std::string_view text);

/// Columns that `text`, which is clean, takes on a terminal.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// The beginning of `text` that takes at most `columns`.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace ringmaster::cli
