#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/message_log.h"

/// Text on its way from the pipe that a worker's standard output or error is into the message log of its job. Whoever
/// owns the log moves it: the worker, and after its death the supervisor. Each byte arrives once, whenever either dies:
/// the pipe is read into its place in the log, and whether that was done can be seen there (shm/DESIGN.md, "Output").
namespace ringmaster::shm {

/// At most so much is moved at once: what a pipe holds by default.
inline constexpr std::uint64_t kMostOutputAtOnce = 64 * 1024;

/// The head's `written`, which the client can change at any time. REQUIRES: `log` is not empty.
[[nodiscard]] std::uint64_t written_in(std::span<const std::byte> log) noexcept;

/// Bytes that can be read from a pipe now.
[[nodiscard]] std::uint64_t waiting_output(int pipe) noexcept;

/// Moves at most `most` bytes, as one record, and returns how many bytes left the pipe; 0: there were none. What does
/// not fit into the log is read as well, and counted as one dropped message. Async-signal-safe.
/// REQUIRES: nobody else reads the pipe, which has O_NONBLOCK; nobody else appends to `log`, which is not empty.
/// `written`: written_in(log), read once: an owner that looks at the pages before must not be given others.
std::uint64_t take_output(int pipe, MessageKind kind, unsigned attempt, std::uint64_t most, std::span<std::byte> log,
                          std::uint64_t written) noexcept;
inline std::uint64_t take_output(int pipe, MessageKind kind, unsigned attempt, std::uint64_t most,
                                 std::span<std::byte> log) noexcept {
  return take_output(pipe, kind, attempt, most, log, written_in(log));
}

/// Ends what an owner of `log` had begun when it died. Called by the next owner before anything else; harmless if there
/// is nothing to end.
void finish_taking(std::span<std::byte> log, std::uint64_t written) noexcept;
inline void finish_taking(std::span<std::byte> log) noexcept {
  if (!log.empty()) finish_taking(log, written_in(log));
}

}  // namespace ringmaster::shm
