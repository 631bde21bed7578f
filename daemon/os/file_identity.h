#pragma once

#include <sys/types.h>

namespace ringmaster::daemon {

/// While this object lives, its thread opens files as another user would. The kernel then disables capabilities about
/// files, but not CAP_SYS_PTRACE. May be nested. Does nothing without CAP_SETUID.
class FileIdentity {
 public:
  FileIdentity(uid_t uid, gid_t gid) noexcept { become(uid, gid); }
  /// As the owner of /proc/PID/auxv: the process's user if it can be traced, else root. (Root without
  /// CAP_DAC_READ_SEARCH cannot read other users' files.)
  explicit FileIdentity(pid_t pid) noexcept;
  FileIdentity(const FileIdentity&) = delete;
  FileIdentity& operator=(const FileIdentity&) = delete;
  ~FileIdentity();

 private:
  void become(uid_t uid, gid_t gid) noexcept;

  bool changed_ = false;
  uid_t uid_before_ = 0;
  gid_t gid_before_ = 0;
};

}  // namespace ringmaster::daemon
