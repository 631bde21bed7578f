#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// A folder that was made for this process alone and goes with it: what is put into it later is removed at the end, by
/// whomever it was put there. Symbolic links are removed, never followed; what is mounted below it stays. Allocates
/// nothing.
class PrivateFolder {
 public:
  /// Takes the folder over. nullptr, or what is wrong with it: then nothing is ever removed. It must be this user's,
  /// closed to others, and new: it holds no more than sockets and `file`, a path, nullptr for none. REQUIRES: `path`
  /// lives as long as this object.
  [[nodiscard]] const char* take(const char* path, const char* file) noexcept;

  /// Removes it with all that is in it; nothing if no folder was taken, or if another has its path by now. False:
  /// something is left.
  [[nodiscard]] bool remove() noexcept;

  [[nodiscard]] const char* path() const noexcept { return path_; }

 private:
  const char* path_ = nullptr;
  UniqueFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace ringmaster::daemon
