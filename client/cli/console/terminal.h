#pragma once

#include <cstddef>

namespace ringmaster::cli {

/// True if lines of `fd` can be redrawn in place: it is a terminal that is not "dumb".
[[nodiscard]] bool can_redraw(int fd);
/// The columns of terminal `fd` now, or $COLUMNS if that is less; 80 if neither is known.
[[nodiscard]] std::size_t terminal_columns(int fd);

}  // namespace ringmaster::cli
