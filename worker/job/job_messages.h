#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/segment_view.h"

namespace ringmaster::worker {

class OutputCapture;

/// Where a job's messages go.
struct JobMessages {
  std::span<std::byte> log;               ///< Empty: nowhere.
  const shm::ReplyView* reply = nullptr;  ///< Of its session, to announce them in.
  std::uint32_t slot = 0;
  OutputCapture* output = nullptr;  ///< Also appends to the log, in turns; nullptr: nobody else does.
};

}  // namespace ringmaster::worker
