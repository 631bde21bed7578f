#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ringmaster::testing {

/// Where in its own program a process stands: the first call that leads to it, and the frames above. 0: no more.
using CallChain = std::array<std::uint64_t, 4>;

/// Finds the return addresses on a stopped process's stack that lie in its own program, not in shared libraries.
class ProgramCode {
 public:
  explicit ProgramCode(pid_t pid);
  [[nodiscard]] CallChain chain(std::uint64_t stack_pointer, std::uint64_t frame_pointer) const;
  /// As an offset in the program's file, which addr2line takes.
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const;

 private:
  [[nodiscard]] bool follows_a_call(std::uint64_t address) const;

  struct Part {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t file_offset;
  };
  pid_t pid_;
  std::vector<Part> parts_;  // executable
  std::uint64_t base_ = 0;   // of the first part of the file
  std::vector<unsigned char> file_;
};

}  // namespace ringmaster::testing
