#pragma once

namespace ringmaster::keeper {

/// Prepares standard error for say(): an own open file description where that is possible, so that its O_NONBLOCK is
/// ours.
void open_log() noexcept;

enum class Level : int { Error = 3, Warning = 4, Info = 6 };

/// One line on standard error, never waiting: a reader that does not read loses lines, it does not stop the keeper.
[[gnu::format(printf, 2, 3)]] void say(Level level, const char* format, ...) noexcept;

}  // namespace ringmaster::keeper
