#pragma once

#include <sys/types.h>

namespace ringmaster {

/// While it lives this thread opens files as the user of process `pid` would: /proc/PID/auxv and the like belong to
/// that user, and root without CAP_DAC_READ_SEARCH may not read them. Capabilities that have to do with files rest
/// meanwhile, CAP_SYS_PTRACE does not. Does nothing for a process of one's own user, and without CAP_SETUID.
class FileIdentity {
 public:
  explicit FileIdentity(pid_t pid) noexcept;
  FileIdentity(const FileIdentity&) = delete;
  FileIdentity& operator=(const FileIdentity&) = delete;
  ~FileIdentity();

 private:
  uid_t uid_before_;
  gid_t gid_before_;
};

}  // namespace ringmaster
