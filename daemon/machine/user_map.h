#pragma once

#include <cstdint>
#include <string>

namespace ringmaster::daemon {

/// Which users this process's user namespace knows. For a client with another user the kernel reports the overflow uid,
/// so all such clients look like one user.
struct UserMap {
  std::uint32_t overflow_uid = 65534;
  bool leaves_users_out = false;

  /// True if a peer's `uid` may stand for any user that the namespace does not know.
  [[nodiscard]] bool hides(std::uint32_t uid) const { return leaves_users_out && uid == overflow_uid; }
};

/// Reads the map of this process; only tests set `root`. A map that cannot be read counts as one that knows all users.
[[nodiscard]] UserMap read_user_map(const std::string& root = {});

}  // namespace ringmaster::daemon
