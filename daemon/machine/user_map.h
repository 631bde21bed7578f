#pragma once

#include <cstdint>
#include <string>

namespace ringmaster::daemon {

/// Which users this process's user namespace knows. Of a client whose user it leaves out the kernel reports the
/// overflow uid: all such clients look like one user.
struct UserMap {
  std::uint32_t overflow_uid = 65534;
  bool leaves_users_out = false;

  /// Whether `uid`, of a peer, may stand for anybody who is left out.
  [[nodiscard]] bool hides(std::uint32_t uid) const { return leaves_users_out && uid == overflow_uid; }
};

/// This process's, from below `root` ("" but in tests). What cannot be read counts as a map that leaves nobody out.
[[nodiscard]] UserMap read_user_map(const std::string& root = {});

}  // namespace ringmaster::daemon
