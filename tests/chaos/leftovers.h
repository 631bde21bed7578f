#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/daemon.h"
#include "tests/chaos/watcher.h"

namespace ringmaster::chaos {

/// What a daemon holds that nobody uses: taken before a run, to hold the end against.
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

/// What is there that should not be, a sentence each. Sessions of the daemon's own may be more than before.
[[nodiscard]] std::vector<std::string> left_in(const Daemon& daemon, const DaemonView& view, const Footprint& before,
                                               const Footprint& now);

/// After the daemon's end: processes of the judge that are none of its clients, and files.
[[nodiscard]] std::vector<std::string> left_after(const Setup& setup);

}  // namespace ringmaster::chaos
