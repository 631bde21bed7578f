#pragma once

#include <sys/types.h>

namespace ringmaster::daemon {

/// While it lives this thread opens files as another user would. Capabilities that have to do with files rest
/// meanwhile, CAP_SYS_PTRACE does not. May be nested. Does nothing without CAP_SETUID.
class FileIdentity {
 public:
  FileIdentity(uid_t uid, gid_t gid) noexcept { become(uid, gid); }
  /// As who owns /proc/PID/auxv and the like: the process's user where it can be traced, else root. Root without
  /// CAP_DAC_READ_SEARCH may not read what is another's.
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
