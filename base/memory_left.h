#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How much more memory this process may take. The daemon asks before it promises memory, a client before it takes
/// pages: beyond the limit of a memory cgroup comes the OOM killer, not an errno. File cache that the kernel can drop
/// counts as memory left.
namespace ringmaster {

/// MemAvailable in the text of /proc/meminfo, in bytes; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> available_of(std::string_view meminfo);

/// What is left in a memory cgroup, by the texts of its files: limit - (usage - droppable file cache). `limit` is
/// "max" or a number of bytes. nullopt: there is no limit, or it cannot be read.
[[nodiscard]] std::optional<std::uint64_t> left_in_cgroup(std::string_view limit, std::string_view usage,
                                                          std::string_view stat);

/// The text of a file; empty where there is none.
using ReadText = std::function<std::string(const std::string& path)>;

/// Finds the memory cgroup of this process and its ancestors (v2 and v1, wherever they are mounted) once, and tells
/// what is left whenever it is asked. Any thread may ask if `read` allows it.
class MemoryLook {
 public:
  /// If the process is moved to another cgroup later, this look does not notice.
  explicit MemoryLook(ReadText read);
  /// With the files of this machine.
  MemoryLook();

  /// The smallest of what the machine and each of the cgroups have left. What cannot be read is no limit; the largest
  /// value if nothing can.
  [[nodiscard]] std::uint64_t left() const;

 private:
  struct Group {
    std::string folder;
    bool v2;
  };
  ReadText read_;
  std::vector<Group> groups_;
};

}  // namespace ringmaster
