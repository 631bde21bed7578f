#pragma once

namespace ringmaster::keeper {

/// Prepares standard error for say(): opens it again if possible, so that setting O_NONBLOCK affects nobody else.
void open_log() noexcept;

enum class Level : int { Error = 3, Warning = 4, Info = 6 };

/// Writes one line to standard error without blocking: if the reader does not read, lines are lost.
[[gnu::format(printf, 2, 3)]] void say(Level level, const char* format, ...) noexcept;

}  // namespace ringmaster::keeper
