#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "shm/layout.h"
#include "shm/payload_ring.h"
#include "shm/port/job_room.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

struct Session;

/// A job on its way into a ring.
struct JobToPlace {
  shm::JobDescriptor descriptor;  ///< all but places and sizes
  std::string_view payload;
  std::span<const std::byte> arguments;
  std::uint64_t result_capacity = 0;
};

/// A job whose bytes lie in the rings.
struct PlacedJob {
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  shm::Extent request;
  shm::Extent arguments;
  shm::Extent result;
};

using Placing = boost::system::result<PlacedJob, shm::Shortage>;

/// The session that a job which came as a message lies in, as jobs see it: MessageSession; tests fake it. Event loop's
/// thread only.
class JobHome {
 public:
  virtual ~JobHome() = default;

  [[nodiscard]] virtual Session& session() = 0;
  /// This supervisor's: jobs can be placed. Else a predecessor's, to look at.
  [[nodiscard]] virtual bool own() const = 0;

  /// Copies payload and arguments into the request ring and publishes; or what is short now.
  [[nodiscard]] virtual Placing place(const JobToPlace& job) = 0;
  /// Ended: its request bytes are free again.
  virtual void ended(PlacedJob& job) = 0;
  /// Who asked for its outcome has read it: no successor needs to know of it. Here it may be asked for again.
  virtual void settle(const PlacedJob& job) = 0;
  /// Its outcome is not kept any more: slot and result extent are free again.
  virtual void release(const PlacedJob& job) = 0;

  struct Ended {
    std::uint32_t slot;
    shm::SlotWord word;
  };
  /// Each own job that has ended since the last call, once. Nothing for a predecessor's session: ask terminal().
  [[nodiscard]] virtual std::vector<Ended> collect() = 0;
  /// The word of `slot` when it is terminal and of that job.
  [[nodiscard]] virtual std::optional<shm::SlotWord> terminal(std::uint32_t slot, std::uint32_t seq) const = 0;
  /// True: it was queued and is cancelled. False: its handler was asked to stop, or it has ended.
  virtual bool cancel(std::uint32_t slot, std::uint32_t seq) = 0;
};

}  // namespace ringmaster::daemon
