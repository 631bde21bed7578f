#pragma once

#include <functional>

namespace ringmaster::daemon {

/// Runs an action soon, never within the call. Most parts of a pool need nothing else of the event loop.
using Later = std::function<void(std::function<void()>)>;

}  // namespace ringmaster::daemon
