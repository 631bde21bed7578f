#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace ringmaster::daemon {

/// For a daemon that cannot serve but got a listening socket from a service manager: sends the refusal `why` to the
/// clients that wait on `listener`. If there was one it goes on for `linger`, because the service manager starts the
/// daemon again for each client that comes later; otherwise it returns at once. Returns how many were answered. Blocks.
/// The sockets are closed with the process.
std::size_t refuse_waiting(int listener, const std::string& why, std::chrono::milliseconds linger);

}  // namespace ringmaster::daemon
