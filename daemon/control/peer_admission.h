#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "daemon/config/config.h"

namespace ringmaster::daemon {

/// What the kernel says about the process at the other end of a connected Unix socket, as of its connect().
struct PeerIdentity {
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
  std::vector<std::uint32_t> gids;  ///< primary and supplementary
};
[[nodiscard]] Result<PeerIdentity> identify_peer(int socket);

struct Admission {
  bool allowed = false;
  bool admin = false;
};
/// Who may speak, and who may drain, stop and see everyone's jobs. `own_uid`: the daemon's. Pure.
[[nodiscard]] Admission admit(const config::DaemonConfig& config, std::uint32_t own_uid, const PeerIdentity& peer);

}  // namespace ringmaster::daemon
