#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/daemon.h"
#include "tests/chaos/watcher.h"

namespace ringmaster::chaos {

/// The resources that an idle daemon holds. Taken before a run, and compared with those after it.
struct Footprint {
  int keeper_descriptors = 0;
  int supervisor_descriptors = 0;
  int worker_descriptors = 0;  ///< of the one that has the most
  int worker_maps = 0;
  std::uint64_t internal = 0;  ///< sessions of the daemon's own
  std::string keeper_kinds;
  std::string supervisor_kinds;
  std::string worker_kinds;
};
[[nodiscard]] Footprint footprint_of(const Daemon& daemon, const DaemonView& view);

/// What is left that should not be, one sentence each. The daemon itself may have more internal sessions than before.
[[nodiscard]] std::vector<std::string> left_in(const Daemon& daemon, const DaemonView& view, const Footprint& before,
                                               const Footprint& now);

/// After the daemon's end: files, and child processes of the judge that are not its clients.
[[nodiscard]] std::vector<std::string> left_after(const Setup& setup);

}  // namespace ringmaster::chaos
