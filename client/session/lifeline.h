#pragma once

/// The client's end of a session's lifeline: the write end of a pipe whose read end the daemon has (PROTOCOL.md, 1.4).
namespace ringmaster::client {

/// True if nobody has the read end: the daemon is gone, or has ended the session.
[[nodiscard]] bool daemon_let_go(int lifeline) noexcept;

/// Tells the daemon by one byte that the session is over, even if others hold copies of this descriptor. Raises no
/// SIGPIPE; the caller's handling of that signal, and a pending one, stay as they are.
void write_farewell(int lifeline) noexcept;

}  // namespace ringmaster::client
