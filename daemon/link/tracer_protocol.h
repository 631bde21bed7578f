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

/// Between the supervisor and its ringmaster-tracer: descriptor 0 of the tracer, AF_UNIX SOCK_SEQPACKET, one message a
/// packet, one question at a time. Fixed little-endian fields. The supervisor does not trust the answers: a tracer
/// reads the files that a hostile worker has mapped.
namespace ringmaster::tracer {

inline constexpr std::size_t kMaxMessageBytes = 64 * 1024;
inline constexpr std::size_t kMaxFrames = 64;
inline constexpr std::size_t kMaxPathBytes = 256;  ///< longer ones keep their end
inline constexpr std::size_t kMaxNameBytes = 512;

/// As whom files are opened that a worker names: a hostile one may have put a device or another's file in their place.
struct FileUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  friend auto operator<=>(const FileUser&, const FileUser&) = default;
};

/// Stop this thread, walk its stack, let it go. Answered by Frames.
struct Capture {
  std::int32_t pid = 0;
  std::int32_t tid = 0;
  std::uint64_t label = 0;  ///< of this capture; never 0
  bool faulted = false;     ///< it waits in its fault handler; else it is interrupted wherever it is
  std::uint64_t pc = 0;     ///< where it faulted; 0: not to be looked for among recent faults
  FileUser user{};
};
/// Names and lines for these frames. Answered by Symbols.
struct Symbolise {
  std::vector<core::StackFrame> frames;
  FileUser user{};
};
using Question = std::variant<Capture, Symbolise>;

/// The walk's result: modules and offsets, flags, no names.
struct Frames {
  std::vector<core::StackFrame> frames;
  std::uint64_t same_as = 0;  ///< label of a capture within the last minute of the same place: nothing was walked
  std::string problem;        ///< why there are no frames
};
/// The same frames, with what could be found.
struct Symbols {
  std::vector<core::StackFrame> frames;
};
using Answer = std::variant<Frames, Symbols>;

/// At most kMaxFrames go; texts are cut.
[[nodiscard]] std::vector<std::byte> encode(const Question& question);
[[nodiscard]] std::vector<std::byte> encode(const Answer& answer);
[[nodiscard]] Result<Question> decode_question(std::span<const std::byte> packet);
[[nodiscard]] Result<Answer> decode_answer(std::span<const std::byte> packet);

}  // namespace ringmaster::tracer
