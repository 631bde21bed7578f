#pragma once

#include <cstdint>

namespace ringmaster::daemon {

/// Where a child was when it failed, before or at exec: one half of what the exec error pipe reports.
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

/// What crosses the pipe when a child fails; nothing crosses it when exec succeeds (the pipe just closes).
struct SpawnFailure {
  SpawnStage stage = SpawnStage::None;
  std::int32_t error = 0;  ///< errno
};

}  // namespace ringmaster::daemon
