#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "daemon/core/worker/stack_text.h"

/// The protocol between the supervisor and its ringmaster-tracer: descriptor 0 of the tracer, AF_UNIX SOCK_SEQPACKET,
/// one message per packet, one question at a time. Fixed little-endian fields. The supervisor does not trust the
/// answers, because a tracer reads files that a hostile worker has mapped.
namespace ringmaster::tracer {

inline constexpr std::size_t kMaxMessageBytes = 64 * 1024;
inline constexpr std::size_t kMaxFrames = 64;
inline constexpr std::size_t kMaxPathBytes = 256;  ///< of longer ones the end is kept
inline constexpr std::size_t kMaxNameBytes = 512;

/// The user that files which a worker names are opened as: a hostile worker may have replaced them by devices or by
/// other users' files.
struct FileUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  friend auto operator<=>(const FileUser&, const FileUser&) = default;
};

/// Stops this thread, walks its stack, lets it go. Answered by Frames.
struct Capture {
  std::int32_t pid = 0;
  std::int32_t tid = 0;
  std::uint64_t label = 0;  ///< names this capture; never 0
  bool faulted = false;     ///< the thread waits in its fault handler; false: it is stopped wherever it is
  std::uint64_t pc = 0;     ///< where it faulted; 0: do not search the recent faults
  FileUser user{};
};
/// Asks for names and lines of these frames. Answered by Symbols.
struct Symbolise {
  std::vector<core::StackFrame> frames;
  FileUser user{};
};
using Question = std::variant<Capture, Symbolise>;

/// The result of a walk: modules, offsets and flags, but no names.
struct Frames {
  std::vector<core::StackFrame> frames;
  std::uint64_t same_as = 0;  ///< label of a capture of the same place within the last minute; then no stack was walked
  std::string problem;        ///< why there are no frames
};
/// The same frames, with the names and lines that were found.
struct Symbols {
  std::vector<core::StackFrame> frames;
};
using Answer = std::variant<Frames, Symbols>;

/// At most kMaxFrames frames are encoded; long texts are cut.
[[nodiscard]] std::vector<std::byte> encode(const Question& question);
[[nodiscard]] std::vector<std::byte> encode(const Answer& answer);
[[nodiscard]] Result<Question> decode_question(std::span<const std::byte> packet);
[[nodiscard]] Result<Answer> decode_answer(std::span<const std::byte> packet);

}  // namespace ringmaster::tracer
