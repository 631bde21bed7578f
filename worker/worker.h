#pragma once

#include <vector>

// Public header: installed next to the others, so it names them by file and not from the repository's root.
#include "handler.h"

namespace ringmaster {

/// Runs a worker process, for a program that is a pool's command: greets the supervisor, describes `handlers`, runs
/// their warm-ups, then claims and runs jobs until it is told to leave or the daemon is gone. Returns the process's
/// exit status. Options: --list prints the handlers, --version the library's version; both end at once and need no
/// daemon. Other arguments are the program's own and are left alone.
///
/// Call it from main, in the thread that is to run the jobs. It expects descriptors 3 to 7 as ringmasterd leaves them:
/// open nothing before, or open it with CLOEXEC and leave those numbers alone.
///
/// Usage:
///   int main(int argc, char** argv) {
///     return ringmaster::worker_main(argc, argv, {{.name = "shout", .run = shout}});
///   }
int worker_main(int argc, char** argv, std::vector<Handler> handlers);

}  // namespace ringmaster
