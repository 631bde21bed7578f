#include "daemon/os/file_identity.h"

#include <sys/fsuid.h>
#include <sys/stat.h>

#include <cstdio>

namespace ringmaster::daemon {
namespace {

// Not a valid id: setfsuid and setfsgid then change nothing and return the current one.
constexpr unsigned kNone = ~0U;

}  // namespace

FileIdentity::FileIdentity(pid_t pid) noexcept {
  char path[32];
  // Not the folder itself, which always belongs to the process's user, even if that user may not read it.
  std::snprintf(path, sizeof path, "/proc/%d/auxv", pid);
  struct stat process {};
  if (::stat(path, &process) == 0) become(process.st_uid, process.st_gid);
}

void FileIdentity::become(uid_t uid, gid_t gid) noexcept {
  uid_before_ = static_cast<uid_t>(::setfsuid(kNone));
  gid_before_ = static_cast<gid_t>(::setfsgid(kNone));
  if (uid == uid_before_) return;
  changed_ = true;
  // The group first: after the user has changed, it would be refused.
  static_cast<void>(::setfsgid(gid));
  static_cast<void>(::setfsuid(uid));
}

FileIdentity::~FileIdentity() {
  if (!changed_) return;
  static_cast<void>(::setfsuid(uid_before_));
  static_cast<void>(::setfsgid(gid_before_));
}

}  // namespace ringmaster::daemon
