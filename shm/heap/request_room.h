#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "base/result.h"
#include "shm/layout.h"
#include "shm/mapping.h"
#include "shm/reserved_ring.h"

namespace ringmaster::shm {

/// Maps a parcel (shm/DESIGN.md, "Parcels") for its client: takes its pages, so that nobody is charged for them but
/// this process, and seals it: nobody else can ever map it for writing.
[[nodiscard]] Result<Mapping> open_parcel(int file, std::uint64_t bytes);

/// Where a client's requests lie: in the session's ring, or each in a parcel of its own, told by its id. A parcel stays
/// the daemon's for as long as it is mapped here. Not thread-safe.
class RequestRoom {
 public:
  using Parcels = std::map<std::uint64_t, Mapping>;

  /// Where a request in a parcel lies, in place of its offset in the ring.
  static constexpr std::uint64_t kParcelOffset = std::uint64_t{kRequestInParcel} * kCacheLine;
  /// The id of a parcel's only extent; its lower half is the parcel's number.
  [[nodiscard]] static constexpr std::uint64_t id_of_parcel(std::uint32_t number) noexcept { return kParcel | number; }

  /// As for ReservedRing.
  RequestRoom(std::uint64_t capacity, int fd, std::uint64_t file_offset) : ring_(capacity, fd, file_offset) {}

  [[nodiscard]] ReservedRing& ring() noexcept { return ring_; }
  [[nodiscard]] std::span<std::byte> add_parcel(std::uint64_t id, Mapping memory) {
    return (parcels_[id] = std::move(memory)).bytes();
  }
  void give_back(std::uint64_t id) noexcept {
    if ((id & kParcel) == 0) [[likely]] {
      ring_.give_back(id);
    } else {
      parcels_.erase(id);
    }
  }
  /// For a forked child, which does not have their memory.
  [[nodiscard]] Parcels leave_parcels() noexcept { return std::move(parcels_); }

 private:
  static constexpr std::uint64_t kParcel = std::uint64_t{1} << 63;
  ReservedRing ring_;
  Parcels parcels_;
};

}  // namespace ringmaster::shm
