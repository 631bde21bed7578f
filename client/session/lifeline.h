#pragma once

/// The client's end of a session's lifeline: the write end of a pipe whose read end the daemon has (PROTOCOL.md, 1.4).
namespace ringmaster::client {

/// Nobody has the read end any more: the daemon is gone, or has ended the session.
[[nodiscard]] bool daemon_let_go(int lifeline) noexcept;

/// Tells the daemon by one byte that the session is over, whoever else holds a copy of this descriptor. No SIGPIPE
/// comes of it where nobody listens any more; what the caller does with that signal, or has pending, stays as it is.
void write_farewell(int lifeline) noexcept;

}  // namespace ringmaster::client
