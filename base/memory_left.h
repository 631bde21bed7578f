#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// How much more memory this process may take: asked by a daemon before it promises some, and by a client before it
/// takes pages, since in a small memory cgroup one beyond the limit ends in the OOM killer and not in an errno. File
/// cache that the kernel can drop counts as left.
namespace ringmaster {

/// MemAvailable in the text of /proc/meminfo, in bytes; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> available_of(std::string_view meminfo);

/// What a memory cgroup leaves, of the texts of its files: limit - (usage - file cache that can be dropped). `limit` is
/// "max" or a number of bytes. nullopt: there is no limit, or it cannot be read.
[[nodiscard]] std::optional<std::uint64_t> left_in_cgroup(std::string_view limit, std::string_view usage,
                                                          std::string_view stat);

/// The text of a file; empty where there is none.
using ReadText = std::function<std::string(const std::string& path)>;

/// The least of what the machine has and of what is left in this process's memory cgroup and each of its ancestors (v2
/// and v1, wherever they are mounted). What cannot be read does not limit: the largest value if nothing can be.
[[nodiscard]] std::uint64_t memory_left(const ReadText& read);

/// The same by this machine's own files.
[[nodiscard]] std::uint64_t memory_left_now();

}  // namespace ringmaster
