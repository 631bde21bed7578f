#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

/// Anonymous, sealed shared-memory files. They have no name in a file system, so nothing can be left behind.
namespace ringmaster::shm {

/// Creates a memfd of `bytes` (rounded up to a page), mode 0600, CLOEXEC, sealed F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_SEAL:
/// nobody who gets the descriptor can add a seal that would stop others from mapping it. `name` is only seen in
/// /proc/PID/maps. No page is reserved yet.
[[nodiscard]] Result<UniqueFd> create_segment(const std::string& name, std::uint64_t bytes);
/// The same without F_SEAL_SEAL, which seal_future_writes() adds later: for segments that a client must first map for
/// writing.
[[nodiscard]] Result<UniqueFd> create_request_segment(const std::string& name, std::uint64_t bytes);

/// Forbids all new writable mappings, write(2), and further seals; existing mappings stay writable. So only its client
/// can write a request segment. Fails if the segment has F_SEAL_SEAL (EPERM) or F_SEAL_WRITE (EINVAL: before Linux 6.7
/// nobody could map it then). Blocks while anybody is inside write(2) on it: a hostile client can make that last long.
[[nodiscard]] Result<void> seal_future_writes(int fd);

/// Checks that a descriptor from another process is a memfd sealed against SHRINK and GROW. Returns its size in bytes.
[[nodiscard]] Result<std::uint64_t> checked_segment_size(int fd);

/// The same file, opened read-only. This protects only against other uids: the same uid can reopen it for writing.
[[nodiscard]] Result<UniqueFd> reopen_read_only(int fd);

/// The same file, opened for reading and writing.
[[nodiscard]] Result<UniqueFd> reopen(int fd);

/// Who else has a file open. Mappings count as open; descriptors of the memfd itself, as it was created, do not.
enum class OpenElsewhere : std::uint8_t { No, Yes, Unknown };
/// Whether somebody has the file open by an open file description of its own (reopen(), reopen_read_only()).
[[nodiscard]] OpenElsewhere open_elsewhere(int fd) noexcept;

/// The bytes of the pages that the file has, in memory or swapped out; 0 if that cannot be found out.
[[nodiscard]] std::uint64_t allocated_bytes(int fd) noexcept;

/// Allocates the pages of [offset, offset + bytes) now and charges them to the caller, so that nobody gets ENOSPC or
/// SIGBUS later.
[[nodiscard]] Result<void> reserve_pages(int fd, std::uint64_t offset, std::uint64_t bytes);

/// Gives the pages [offset, offset + bytes) back to the kernel. They read as zeros, and touching one allocates it
/// again.
[[nodiscard]] Result<void> drop_pages(int fd, std::uint64_t offset, std::uint64_t bytes);

}  // namespace ringmaster::shm
