#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ringmaster::chaos {

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';
  std::string command;  ///< its first argument, or its name in brackets
};

/// The processes that /proc lists now.
[[nodiscard]] std::vector<ProcessFacts> children_of(pid_t parent);
[[nodiscard]] std::vector<ProcessFacts> descendants_of(pid_t ancestor);

/// Sends `signal` to `pid` if, when it is sent, it is a child of `parent`: the process is pinned before it is looked
/// at. False: it is not, or is gone.
bool signal_child_of(pid_t parent, pid_t pid, int signal);

/// Descriptors of a process; -1: gone.
[[nodiscard]] int descriptors_of(pid_t pid);
/// What they are, one a line, sorted: "3 memfd".
[[nodiscard]] std::string descriptor_kinds(pid_t pid);
/// The number of mappings of anonymous shared memory.
[[nodiscard]] int memfd_maps_of(pid_t pid);

[[nodiscard]] std::string read_text(const std::string& path);

}  // namespace ringmaster::chaos
