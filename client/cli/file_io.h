#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "shm/base/result.h"
#include "shm/base/unique_fd.h"

namespace ringmaster::cli {

/// An input: a regular file, whose size is known before it is read, or a stream ("-": standard input).
struct Input {
  UniqueFd fd;
  std::string name;
  bool sized = false;
  std::uint64_t bytes = 0;
};
/// Folders are refused.
[[nodiscard]] Result<Input> open_input(const std::string& path);
/// Fills `place` with the file's first bytes, straight from the kernel; the number read (less: the file has shrunk).
/// Reading a stream ends with EINTR once interrupted().
[[nodiscard]] Result<std::size_t> read_into(const Input& input, std::span<std::byte> place);
/// A stream to its end.
[[nodiscard]] Result<std::string> read_all(const Input& input);

[[nodiscard]] Result<void> write_all(int fd, std::span<const std::byte> bytes, const std::string& name);

enum class Existing { Keep, Replace };
/// Writes a temporary file beside `path` and renames it: the file is there whole or not at all. With Keep a file that
/// is there already is an error, even if it appeared a moment ago. With Replace a link stays one and what it names is
/// replaced; a device or a pipe is written to.
[[nodiscard]] Result<void> write_file(const std::string& path, std::span<const std::byte> bytes, Existing existing);

}  // namespace ringmaster::cli
