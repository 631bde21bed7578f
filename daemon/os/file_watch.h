#pragma once

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Tells when a name no longer leads to the same file: inotify on the file itself, so that other files in its folder
/// (/tmp) cause no events. It cannot see a rename of a folder further up or a mount over it: check from time to time.
class FileWatch {
 public:
  /// False: the kernel has no watch left, or the file cannot be read. A missing file is no failure.
  [[nodiscard]] bool open() noexcept;
  [[nodiscard]] bool add_file(const char* path) noexcept;
  [[nodiscard]] bool add_folder(const char* path) noexcept;
  /// Readable when something happened; -1 before open().
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Reads and drops all events.
  void drain() noexcept;

 private:
  UniqueFd fd_;
};

}  // namespace ringmaster::daemon
