#pragma once

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Tells when a name stops leading to the file that it leads to now: inotify on the file itself, so that a folder full
/// of others (/tmp) wakes nobody. What it cannot see (a folder further up is renamed, something is mounted over it)
/// needs a look from time to time.
class FileWatch {
 public:
  /// False: the kernel has no watch left, or the file cannot be read. A file that is not there is no failure.
  [[nodiscard]] bool open() noexcept;
  [[nodiscard]] bool add_file(const char* path) noexcept;
  [[nodiscard]] bool add_folder(const char* path) noexcept;
  /// Readable when something happened; -1 before open().
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Takes what there is to read.
  void drain() noexcept;

 private:
  UniqueFd fd_;
};

}  // namespace ringmaster::daemon
