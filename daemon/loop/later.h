#pragma once

#include <functional>

namespace ringmaster::daemon {

/// Runs an action soon, never within the call: all that most rooms of a pool need of the event loop.
using Later = std::function<void(std::function<void()>)>;

}  // namespace ringmaster::daemon
