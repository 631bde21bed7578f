#pragma once

#include <string>

namespace ringmaster::cli {

/// From here on the first SIGINT, SIGTERM or SIGHUP only sets a flag; the second one ends the program at once.
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

/// Names a file that a signal which ends the program removes first. One file at a time; "": none.
void remove_when_ended(const std::string& path) noexcept;

}  // namespace ringmaster::cli
