#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

/// The memory file of a result that outgrew its extent. The supervisor makes it and makes it longer, one worker writes
/// it and then seals it, its submitter reads it. shm/DESIGN.md, "Spilled results".
namespace ringmaster::shm {

/// An empty memfd, mode 0600, CLOEXEC, that can grow and never shrink. `name` is only seen in /proc/PID/maps.
[[nodiscard]] Result<UniqueFd> create_spilled(const std::string& name);
/// Makes it `bytes` long, unless it is longer. No page is reserved.
[[nodiscard]] Result<void> lengthen_spilled(int fd, std::uint64_t bytes);
/// Nobody can write it or change its size or its seals from now on. REQUIRES: no writable mapping of it is left.
[[nodiscard]] Result<void> seal_spilled(int fd);
/// True if it is sealed so, and at least `bytes` long.
[[nodiscard]] bool is_sealed_spilled(int fd, std::uint64_t bytes) noexcept;
/// True if somebody has the file open by another open file description than that of `fd`, or mapped by one: worker and
/// readers got their own (shm/memfd.h). False also where the kernel cannot tell.
[[nodiscard]] bool is_open_elsewhere(int fd) noexcept;

}  // namespace ringmaster::shm
