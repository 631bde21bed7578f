#include "daemon/machine/user_map.h"

#include <fstream>
#include <limits>

namespace ringmaster::daemon {

UserMap read_user_map(const std::string& root) {
  UserMap map;
  std::ifstream number(root + "/proc/sys/kernel/overflowuid");
  if (std::uint32_t uid = 0; number >> uid) map.overflow_uid = uid;
  std::ifstream lines(root + "/proc/self/uid_map");
  std::uint64_t known = 0;
  bool any = false;
  for (std::uint64_t inside = 0, outside = 0, count = 0; lines >> inside >> outside >> count;) {
    known += count;
    any = true;
  }
  // The last number, 2^32 - 1, is not a valid user.
  map.leaves_users_out = any && known < std::numeric_limits<std::uint32_t>::max();
  return map;
}

}  // namespace ringmaster::daemon
