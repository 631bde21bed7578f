#pragma once

namespace ringmaster::cli {

/// From here on the first SIGINT, SIGTERM or SIGHUP only sets a flag; the second one ends the program at once.
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

}  // namespace ringmaster::cli
