#pragma once

#include <cstdint>

namespace ringmaster::daemon {

/// The step at which a child failed, before or at exec; reported through the error pipe.
enum class SpawnStage : std::uint32_t {
  None = 0,
  Request,
  Pipe,
  Fork,
  Session,
  Cgroup,
  Descriptors,
  Signals,
  Nice,
  OomScore,
  Rlimit,
  Directory,
  Groups,
  Gid,
  Uid,
  DeathSignal,
  ParentGone,
  Subreaper,
  Exec,
  Guard,
};

/// What a child writes to the error pipe when it fails. When exec succeeds, nothing is written and the pipe is closed.
struct SpawnFailure {
  SpawnStage stage = SpawnStage::None;
  std::int32_t error = 0;  ///< errno
};

}  // namespace ringmaster::daemon
