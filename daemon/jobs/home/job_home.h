#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/core/types.h"
#include "shm/layout.h"
#include "shm/payload_ring.h"
#include "shm/port/job_room.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

struct Session;

/// A job that is to be placed in a session's ring.
struct JobToPlace {
  shm::JobDescriptor descriptor;  ///< all fields but the extents
  std::string_view payload;
  std::span<const std::byte> arguments;
  std::uint64_t result_capacity = 0;
};

/// A job whose bytes are in the rings.
struct PlacedJob {
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  shm::Extent request;
  shm::Extent arguments;
  shm::Extent result;
};

using Placing = boost::system::result<PlacedJob, shm::Shortage>;

/// A session for jobs that come as messages. MessageSession implements it; tests fake it. Event loop's thread only.
class JobHome {
 public:
  virtual ~JobHome() = default;

  [[nodiscard]] virtual Session& session() = 0;
  /// True: a session of this supervisor, where jobs can be placed. False: a predecessor's, which takes no jobs.
  [[nodiscard]] virtual bool own() const = 0;

  /// Copies payload and arguments into the request ring and publishes the job; or tells what there is too little of.
  [[nodiscard]] virtual Placing place(const JobToPlace& job) = 0;
  /// The job has ended: frees its bytes in the request ring.
  virtual void ended(PlacedJob& job) = 0;
  /// The outcome has been read: a successor need not know it. This supervisor can still deliver it again.
  virtual void settle(const PlacedJob& job) = 0;
  /// The outcome is no longer kept: frees slot and result extent.
  virtual void release(const PlacedJob& job) = 0;

  struct Ended {
    std::uint32_t slot;
    shm::SlotWord word;
  };
  /// The jobs that have ended since the last call, each once. Always empty for a predecessor's session: use terminal().
  [[nodiscard]] virtual std::vector<Ended> collect() = 0;
  /// The word of `slot`, if it is terminal and belongs to that job.
  [[nodiscard]] virtual std::optional<shm::SlotWord> terminal(std::uint32_t slot, std::uint32_t seq) const = 0;
  /// True: it was queued and is cancelled. False: its handler was asked to stop, or it has ended. `force`: its worker
  /// is killed so much later, if it runs.
  virtual bool cancel(std::uint32_t slot, std::uint32_t seq, std::optional<core::Duration> force) = 0;
};

}  // namespace ringmaster::daemon
