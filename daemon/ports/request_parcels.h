#pragma once

#include <cstdint>

#include "base/result.h"
#include "daemon/ports/result_rooms.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

/// A worker has claimed a job whose request lies in a parcel.
struct ParcelWish {
  std::uint16_t index = 0;  ///< of the session, with its serial
  std::uint32_t serial = 0;
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  std::uint32_t number = 0;  ///< the parcel's
  shm::Owner worker;         ///< who asks
};

/// Where pools ask for the requests of jobs that lie in memory files of their own. The supervisor's one thread.
class RequestParcels {
 public:
  virtual ~RequestParcels() = default;
  /// A descriptor for reading, and the file's size. An Error: there is none, and its message is for the job's
  /// submitter.
  [[nodiscard]] virtual Result<RoomGiven> parcel(const ParcelWish& wish) = 0;
};

}  // namespace ringmaster::daemon
