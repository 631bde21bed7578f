#include "daemon/os/file_identity.h"

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace ringmaster {

FileIdentity::FileIdentity(pid_t pid) noexcept : uid_before_(::geteuid()), gid_before_(::getegid()) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d", pid);
  struct stat process {};
  if (::stat(path, &process) != 0 || process.st_uid == uid_before_) return;
  // The group first: for a user who is not root it would be refused.
  static_cast<void>(::setfsgid(process.st_gid));
  static_cast<void>(::setfsuid(process.st_uid));
}

FileIdentity::~FileIdentity() {
  static_cast<void>(::setfsuid(uid_before_));
  static_cast<void>(::setfsgid(gid_before_));
}

}  // namespace ringmaster
