#include "daemon/control/peer_admission.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace ringmaster::daemon {

Result<PeerIdentity> identify_peer(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return errno_error("cannot read the credentials of a client", errno);
  }
  PeerIdentity peer;
  peer.pid = static_cast<std::uint32_t>(credentials.pid);
  peer.uid = credentials.uid;
  std::vector<gid_t> groups(64);
  size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0 && errno == ERANGE) {
    groups.resize(size / sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) size = 0;
  }
  groups.resize(size / sizeof(gid_t));
  peer.gids.assign(groups.begin(), groups.end());
  peer.gids.push_back(credentials.gid);
  return peer;
}

Admission admit(const config::DaemonConfig& config, std::uint32_t own_uid, const PeerIdentity& peer) {
  const auto has = [](const auto& list, auto value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  const bool own = peer.uid == 0 || peer.uid == own_uid;
  Admission admission;
  admission.admin = own || has(config.admin_uids, peer.uid);
  admission.allowed =
      admission.admin || (config.allow_uids.empty() && config.allow_gids.empty()) || has(config.allow_uids, peer.uid) ||
      std::any_of(peer.gids.begin(), peer.gids.end(), [&](std::uint32_t gid) { return has(config.allow_gids, gid); });
  return admission;
}

}  // namespace ringmaster::daemon
