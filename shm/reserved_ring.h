#pragma once

#include <cstdint>

#include "shm/page_reserve.h"
#include "shm/payload_ring.h"

namespace ringmaster::shm {

/// A payload ring whose pages are reserved before an extent is handed out. Owned by the session's client; not
/// thread-safe.
class ReservedRing {
 public:
  /// As for PageReserve.
  ReservedRing(std::uint64_t capacity, int fd, std::uint64_t file_offset)
      : ring_(capacity), pages_(capacity, fd, file_offset) {}

  /// may_take: as for PageReserve::reaches.
  template <typename MayTake>
  [[nodiscard]] Taken take(std::uint64_t bytes, Extent& extent, MayTake&& may_take) {
    if (bytes == 0) {
      extent = Extent{};
      return Taken::Ok;
    }
    const auto taken = ring_.take(bytes);
    if (!taken) return Taken::NoRoom;
    if (!pages_.reaches(taken->offset + taken->bytes, may_take)) [[unlikely]] {
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
  [[nodiscard]] std::uint64_t reserved() const noexcept { return pages_.reserved(); }

 private:
  PayloadRing ring_;
  PageReserve pages_;
};

}  // namespace ringmaster::shm
