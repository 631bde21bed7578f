#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::cli {

/// An input: a regular file, whose size is known, or a stream ("-": standard input).
struct Input {
  UniqueFd fd;
  std::string name;
  bool regular = false;
  bool sized = false;
  std::uint64_t bytes = 0;
};
/// Refuses folders. Never blocks: reading a FIFO waits for its writer.
[[nodiscard]] Result<Input> open_input(const std::string& path);
/// Fills `place` with the file's first bytes, straight from the kernel; returns the number read (less: the file has
/// shrunk). Reading a stream ends with EINTR once interrupted().
[[nodiscard]] Result<std::size_t> read_into(const Input& input, std::span<std::byte> place);
/// Reads a stream to its end. EFBIG: it has more than `limit` bytes, and no more were read. ENOMEM: no memory for it.
[[nodiscard]] Result<std::string> read_all(const Input& input, std::uint64_t limit);

}  // namespace ringmaster::cli
