#pragma once

#include <cstddef>
#include <span>

#include "daemon/supervisor/pool_parts.h"
#include "shm/layout.h"

namespace ringmaster {

struct Session;

/// How the supervisor tells workers of jobs: by their control sockets, in which nobody can make it wait. It rings no
/// bell, for whoever watches one can hold its writers up.
class WorkCall {
 public:
  /// There may be jobs that nobody was told of: every worker that takes jobs looks.
  static void everyone(std::span<PoolSeat> seats);
  /// The supervisor has published a job in `session`: one idle worker looks there; which one goes round. That one may
  /// be on its way to another job: then it passes the call on (shm/DESIGN.md, C6).
  void one(std::span<PoolSeat> seats, const BoardRecord& board, const Session& session);

 private:
  std::size_t turn_ = 0;
};

}  // namespace ringmaster
