#pragma once

#include <cstdint>

#include "shm/payload_ring.h"

namespace ringmaster {

/// A payload ring whose pages are charged to this process before an extent is handed out, in steps of 1 MiB ahead of
/// the ring's high water: never a system call for a range that was used before. Not thread-safe.
class ReservedRing {
 public:
  /// `fd` stays the caller's. `available` is asked before each reservation.
  ReservedRing(std::uint64_t capacity, int fd, std::uint64_t file_offset, std::uint64_t (*available)()) noexcept
      : ring_(capacity), fd_(fd), file_offset_(file_offset), available_(available) {}

  enum class Taken : std::uint8_t { Ok, NoRoom, NoMemory };
  [[nodiscard]] Taken take(std::uint64_t bytes, Extent& extent) {
    if (bytes != 0) return take_some(bytes, extent);
    extent = Extent{};
    return Taken::Ok;
  }
  void give_back(std::uint64_t id) noexcept {
    if (id != 0) ring_.give_back(id);
  }

  [[nodiscard]] std::uint64_t capacity() const noexcept { return ring_.capacity(); }
  [[nodiscard]] std::uint64_t in_use() const noexcept { return ring_.in_use(); }
  [[nodiscard]] std::uint64_t reserved() const noexcept { return reserved_; }

 private:
  [[nodiscard]] Taken take_some(std::uint64_t bytes, Extent& extent);
  [[nodiscard]] bool reserve_up_to(std::uint64_t end);

  PayloadRing ring_;
  int fd_;
  std::uint64_t file_offset_;
  std::uint64_t (*available_)();
  std::uint64_t reserved_ = 0;
};

}  // namespace ringmaster
