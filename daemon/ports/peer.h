#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringmaster::daemon {

/// The client at the other end of a control connection, as the kernel reports it (SO_PEERCRED at connect).
struct Peer {
  std::uint32_t uid = 0;
  std::uint32_t pid = 0;
  bool admin = false;
  std::uint64_t connection = 0;  ///< id, unique for this supervisor
  /// Not empty: all ordinary connections are in use, and this is one of the extra ones for administrators. The text
  /// names the limit, and what to do.
  std::string kept_since = {};
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups = {};  ///< supplementary ones
};

}  // namespace ringmaster::daemon
