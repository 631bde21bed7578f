#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// A running job's result needs more room than its extent, or than the file that it has got.
struct RoomWish {
  std::uint16_t index = 0;  ///< of the session, with its serial
  std::uint32_t serial = 0;
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  std::uint64_t has = 0;  ///< bytes of the file that this run has got; 0: none, it gets a new one
  std::uint64_t needed = 0;
  std::uint64_t wished = 0;  ///< rather so many
};

struct RoomGiven {
  UniqueFd file;
  std::uint64_t bytes = 0;
};

/// Where pools ask for room for results. The supervisor's one thread.
class ResultRooms {
 public:
  /// An Error: there is none, and its message is for the job's submitter.
  using Answer = std::function<void(Result<RoomGiven>&&)>;

  virtual ~ResultRooms() = default;
  /// `answer` is called now or later; not at all if a later wish took this one's place, or if the session has ended.
  virtual void ask(const RoomWish& wish, Answer answer) = 0;
};

}  // namespace ringmaster::daemon
