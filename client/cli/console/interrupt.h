#pragma once

#include <string>

namespace ringmaster::cli {

/// From here on the first SIGINT, SIGTERM or SIGHUP only sets a flag; the second one ends the program at once.
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

/// A file that must not survive the program: the signal that ends it removes the file first. One at a time; "": none.
void remove_when_ended(const std::string& path) noexcept;

}  // namespace ringmaster::cli
