#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::cli {

/// An input: a regular file, whose size is known before it is read, or a stream ("-": standard input).
struct Input {
  UniqueFd fd;
  std::string name;
  bool regular = false;
  bool sized = false;
  std::uint64_t bytes = 0;
};
/// Folders are refused. Never blocks: a FIFO without a writer is waited for when it is read.
[[nodiscard]] Result<Input> open_input(const std::string& path);
/// Fills `place` with the file's first bytes, straight from the kernel; the number read (less: the file has shrunk).
/// Reading a stream ends with EINTR once interrupted().
[[nodiscard]] Result<std::size_t> read_into(const Input& input, std::span<std::byte> place);
/// A stream to its end, which must come within `limit` bytes: EFBIG beyond, and no more is read. ENOMEM: no memory for
/// it.
[[nodiscard]] Result<std::string> read_all(const Input& input, std::uint64_t limit);

}  // namespace ringmaster::cli
