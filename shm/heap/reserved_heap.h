#pragma once

#include <chrono>
#include <cstdint>

#include "shm/heap/payload_heap.h"
#include "shm/page_reserve.h"

namespace ringmaster::shm {

/// A payload heap whose pages are reserved before an extent is handed out, and given back to the kernel when they have
/// not been used for a while. Owned by the session's client; not thread-safe.
class ReservedHeap {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// As for PageReserve.
  ReservedHeap(std::uint64_t capacity, int fd, std::uint64_t file_offset)
      : heap_(capacity), pages_(capacity, fd, file_offset) {}

  /// may_take: as for PageReserve::reaches.
  template <typename MayTake>
  [[nodiscard]] Taken take(std::uint64_t bytes, Extent& extent, MayTake&& may_take) {
    const auto taken = heap_.take(bytes);
    if (!taken) return Taken::NoRoom;
    if (!pages_.reaches(taken->offset + taken->bytes, may_take)) [[unlikely]] {
      heap_.give_back(taken->id);
      return Taken::NoMemory;
    }
    extent = *taken;
    return Taken::Ok;
  }
  void give_back(std::uint64_t id) noexcept { heap_.give_back(id); }
  void trim(Extent& extent, std::uint64_t bytes) noexcept { heap_.trim(extent, bytes); }

  /// The most that one call of rest() gives back: 0.4 ms where 64 MiB took 12.
  static constexpr std::uint64_t kPortion = std::uint64_t{2} << 20;

  /// Gives pages back if far more are reserved than were used lately, a portion at each call; true: there are more. To
  /// be called about once a second while the session is idle, and soon again after true; jobs that use the pages again
  /// pay for reserving them.
  [[nodiscard]] bool rest(TimePoint now) noexcept;

  [[nodiscard]] std::uint64_t capacity() const noexcept { return heap_.capacity(); }
  [[nodiscard]] std::uint64_t in_use() const noexcept { return heap_.in_use(); }
  [[nodiscard]] std::uint64_t reserved() const noexcept { return pages_.reserved(); }

 private:
  PayloadHeap heap_;
  PageReserve pages_;
  TimePoint watched_since_{};  // of the heap's high water
  bool giving_back_ = false;   // until nothing above the high water is left
};

}  // namespace ringmaster::shm
