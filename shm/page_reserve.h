#pragma once

#include <cstdint>

namespace ringmaster::shm {

/// The pages of a payload ring that are allocated and charged to this process: from the ring's start to an end that
/// grows in steps of 1 MiB, before extents are handed out. Otherwise a worker that touches a page which cannot be
/// allocated would be killed. Owned by the session's client; not thread-safe.
class PageReserve {
 public:
  /// The ring begins at `file_offset` of `fd`, which the caller keeps open.
  PageReserve(std::uint64_t capacity, int fd, std::uint64_t file_offset) noexcept
      : capacity_(capacity), fd_(fd), file_offset_(file_offset) {}

  /// Reserves the pages before `end`; needs no system call for those that are reserved already. False: they cannot be
  /// had. may_take(bytes) is called before each reservation: beyond the limit of a memory cgroup comes the OOM killer,
  /// not an errno. REQUIRES: end <= capacity.
  template <typename MayTake>
  [[nodiscard]] bool reaches(std::uint64_t end, MayTake&& may_take) {
    return end <= reserved_ || (may_take(step(end)) && reserve(step(end)));
  }
  /// Gives pages from `end` on back to the kernel, the last ones first and at most `most` bytes. REQUIRES: no extent
  /// lies there.
  void give_back(std::uint64_t end, std::uint64_t most) noexcept;

  [[nodiscard]] std::uint64_t reserved() const noexcept { return reserved_; }

 private:
  /// How many bytes to reserve so that the reserved part reaches at least to `end`.
  [[nodiscard]] std::uint64_t step(std::uint64_t end) const noexcept;
  [[nodiscard]] bool reserve(std::uint64_t bytes) noexcept;

  std::uint64_t capacity_;
  int fd_;
  std::uint64_t file_offset_;
  std::uint64_t reserved_ = 0;
};

}  // namespace ringmaster::shm
