#pragma once

#include <cstdint>

#include "shm/payload_ring.h"

namespace ringmaster::shm {

/// A payload ring whose pages are allocated, and charged to this process, before an extent is handed out: otherwise a
/// worker that touches a page which cannot be allocated would be killed. Pages are reserved in steps of 1 MiB, so a
/// range that was used before needs no system call. Owned by the session's client; not thread-safe.
class ReservedRing {
 public:
  /// The caller keeps `fd`, and keeps it open.
  ReservedRing(std::uint64_t capacity, int fd, std::uint64_t file_offset)
      : ring_(capacity), fd_(fd), file_offset_(file_offset) {}

  enum class Taken : std::uint8_t { Ok, NoRoom, NoMemory };
  /// may_take(bytes) is called before each reservation: beyond the limit of a memory cgroup comes the OOM killer, not
  /// an errno.
  template <typename MayTake>
  [[nodiscard]] Taken take(std::uint64_t bytes, Extent& extent, MayTake&& may_take) {
    if (bytes == 0) {
      extent = Extent{};
      return Taken::Ok;
    }
    const auto taken = ring_.take(bytes);
    if (!taken) return Taken::NoRoom;
    const std::uint64_t end = taken->offset + taken->bytes;
    if (end > reserved_ && !(may_take(step(end)) && reserve(step(end)))) [[unlikely]] {
      ring_.give_back(taken->id);
      return Taken::NoMemory;
    }
    extent = *taken;
    return Taken::Ok;
  }
  void give_back(std::uint64_t id) noexcept {
    if (id != 0) ring_.give_back(id);
  }

  [[nodiscard]] std::uint64_t capacity() const noexcept { return ring_.capacity(); }
  [[nodiscard]] std::uint64_t in_use() const noexcept { return ring_.in_use(); }
  [[nodiscard]] std::uint64_t reserved() const noexcept { return reserved_; }

 private:
  /// How many bytes to reserve so that the reserved part reaches at least to `end`.
  [[nodiscard]] std::uint64_t step(std::uint64_t end) const noexcept;
  [[nodiscard]] bool reserve(std::uint64_t bytes) noexcept;

  PayloadRing ring_;
  int fd_;
  std::uint64_t file_offset_;
  std::uint64_t reserved_ = 0;
};

}  // namespace ringmaster::shm
