#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/types.h"
#include "daemon/log/output_lines.h"
#include "proto/worker_link.h"

namespace ringmaster::daemon {

/// Logs what became of processes that a pool's jobs left behind, as its workers report it. The lines per second are
/// limited; those left out are counted in the next one. Owned by the pool.
class LeftoverLog {
 public:
  struct From {
    std::string pool;
    core::SeatNumber seat = 0;
    std::int32_t pid = 0;
  };
  void note(core::TimePoint now, const From& from, const worker_link::Leftovers& what);

 private:
  TokenBucket bucket_{2, 20};
  std::uint64_t left_out_ = 0;
};

}  // namespace ringmaster::daemon
