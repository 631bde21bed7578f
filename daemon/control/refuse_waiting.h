#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace ringmaster::daemon {

/// For a daemon that cannot serve and was given a listening socket by a service manager: who waits on `listener` is
/// answered with one refusal, `why`, instead of waiting for a daemon that never comes. Where somebody waited it goes on
/// for `linger`, so that a manager which starts the daemon for everyone who knocks does so once in that time; where
/// nobody did it returns at once. Returns how many were answered. Blocks. Their sockets are closed with the process.
std::size_t refuse_waiting(int listener, const std::string& why, std::chrono::milliseconds linger);

}  // namespace ringmaster::daemon
