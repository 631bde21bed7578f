#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "daemon/config/config.h"

namespace ringmaster::daemon {

/// What the kernel says about the process at the other end of a Unix socket, at the time of its connect().
struct PeerIdentity {
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
  std::vector<std::uint32_t> gids;  ///< supplementary, and the primary one as the last
};
[[nodiscard]] Result<PeerIdentity> identify_peer(int socket);

struct Admission {
  bool allowed = false;
  bool admin = false;
};
/// Decides whether the peer may connect, and whether it is an administrator, who may drain, stop and see everyone's
/// jobs. `own_uid`: the daemon's. Pure.
[[nodiscard]] Admission admit(const config::DaemonConfig& config, std::uint32_t own_uid, const PeerIdentity& peer);

}  // namespace ringmaster::daemon
