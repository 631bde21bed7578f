#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "daemon/supervisor/event_loop.h"

namespace ringmaster {

/// Stops the main thread of process `pid`, walks its stack (libdwfl), lets it go and hands the text to `done` on the
/// loop's thread: one frame a line, or a sentence that says why there is none. Runs in a thread of its own, because
/// stopping waits and reading symbols is slow; the caller does not wait longer than it wants to and may kill the
/// process meanwhile.
void capture_stack(EventLoop& loop, pid_t pid, std::function<void(std::string)> done);

/// The innermost functions of such a text in one line: "spin < run < main".
[[nodiscard]] std::string stack_summary(const std::string& stack);

}  // namespace ringmaster
