#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

/// Anonymous, sealed shared-memory files: nothing is named in a file system, so nothing is left behind.
namespace ringmaster::shm {

/// Creates a memfd of `bytes` (rounded up to a page), mode 0600, CLOEXEC, sealed F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_SEAL:
/// whoever it is given to can add no seal that would keep the next one from mapping it. `name` only shows in
/// /proc/PID/maps. No page is reserved yet.
[[nodiscard]] Result<UniqueFd> create_segment(const std::string& name, std::uint64_t bytes);
/// The same without F_SEAL_SEAL, which seal_future_writes() brings: only for what a client shall map for writing first.
[[nodiscard]] Result<UniqueFd> create_request_segment(const std::string& name, std::uint64_t bytes);

/// Forbids every future writable mapping and write(2), and every further seal; mappings that exist stay writable.
/// The boundary that keeps a request segment its client's own. Fails when the segment carries F_SEAL_SEAL (EPERM) or
/// F_SEAL_WRITE (EINVAL: before Linux 6.7 nobody could map it any more). Waits for as long as somebody writes to it by
/// write(2), which who has it may draw out.
[[nodiscard]] Result<void> seal_future_writes(int fd);

/// Checks what came from another process: a memfd with SHRINK and GROW sealed. Returns its size in bytes.
[[nodiscard]] Result<std::uint64_t> checked_segment_size(int fd);

/// The same file opened read-only. A boundary only between uids: one uid may open it again as it likes.
[[nodiscard]] Result<UniqueFd> reopen_read_only(int fd);

/// The pages that the file has, in memory or swapped out; 0 where it cannot be told.
[[nodiscard]] std::uint64_t allocated_bytes(int fd) noexcept;

/// Charges the pages [offset, offset + bytes) to the caller now, so that nobody meets ENOSPC or SIGBUS later.
[[nodiscard]] Result<void> reserve_pages(int fd, std::uint64_t offset, std::uint64_t bytes);

}  // namespace ringmaster::shm
