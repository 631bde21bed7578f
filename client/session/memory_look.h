#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// A look at the memory that is left, before pages are reserved: in a small memory cgroup a reservation beyond the
/// limit ends in the OOM killer and not in an errno.
namespace ringmaster {

/// "MemAvailable:  123 kB" of /proc/meminfo, in bytes.
[[nodiscard]] std::optional<std::uint64_t> parse_available(std::string_view meminfo) noexcept;

/// What a cgroup leaves: limit - (usage - file cache that can be dropped). `limit` is "max" or a number of bytes,
/// `stat` the memory.stat file. nullopt: no limit, or not readable.
[[nodiscard]] std::optional<std::uint64_t> cgroup_room(std::string_view limit, std::string_view usage,
                                                       std::string_view stat) noexcept;

/// The smallest of the machine's and the cgroups' rooms of this process, v1 and v2; the largest value if nothing can be
/// read.
[[nodiscard]] std::uint64_t available_memory();

}  // namespace ringmaster
