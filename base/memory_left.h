#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

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

/// The smallest of: what the machine has left, and what is left in this process's memory cgroup and in each of its
/// ancestors (v2 and v1, wherever they are mounted). What cannot be read is no limit; the largest value if nothing can.
[[nodiscard]] std::uint64_t memory_left(const ReadText& read);

/// memory_left() with the files of this machine.
[[nodiscard]] std::uint64_t memory_left_now();

}  // namespace ringmaster
