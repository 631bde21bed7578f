#pragma once

#include <cstddef>

namespace ringmaster::cli {

/// Whether a line of `fd` may be drawn again in place: a terminal that is not "dumb".
[[nodiscard]] bool can_redraw(int fd);
/// The columns of the terminal `fd` as they are now, or of $COLUMNS where that is less; 80 where neither says.
[[nodiscard]] std::size_t terminal_columns(int fd);

}  // namespace ringmaster::cli
