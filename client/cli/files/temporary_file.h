#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::cli {

/// A new file with a random, unique name, ".ringmaster-0123456789abcdef.tmp". Removed on destruction, and by a signal
/// that ends the program, unless keep() was called. A file that a killed program leaves behind does not disturb later
/// runs.
class TemporaryFile {
 public:
  /// `folder`: "" or with a final slash.
  [[nodiscard]] static Result<TemporaryFile> create(const std::string& folder, mode_t mode);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Some file systems report a failed write only here.
  [[nodiscard]] Result<void> close();
  /// The file has been renamed: it is not removed.
  void keep() noexcept;

  [[nodiscard]] static std::string random_name(const std::string& folder);

 private:
  TemporaryFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;  // empty: nothing to remove
};

}  // namespace ringmaster::cli
