#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/types.h"

namespace ringmaster {

/// The value of `key` in the text of /proc/meminfo, in bytes; nullopt: not there.
[[nodiscard]] std::optional<core::Bytes> meminfo_value(std::string_view text, std::string_view key);

/// A memory cgroup's limit and use as its files say; "max" is no limit.
struct CgroupMemory {
  std::optional<core::Bytes> limit;
  core::Bytes used;
};

/// How much more memory can be promised: the least of MemAvailable and what each limit leaves. Pure.
[[nodiscard]] core::Bytes room_of(core::Bytes available, const CgroupMemory& cgroup);

/// The same for this process now: /proc/meminfo, and the limits of its own memory cgroup and that group's ancestors (v2
/// and v1, wherever they are mounted). `root` is put before /proc and the mount points: empty but in tests. What cannot
/// be read does not limit.
[[nodiscard]] core::Bytes memory_room(const std::string& root = "");

}  // namespace ringmaster
