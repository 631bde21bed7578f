#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/result.h"
#include "client/cli/files/temporary_file.h"

namespace ringmaster::cli {

enum class Existing { Keep, Replace };

/// How a finished file gets its name in a folder: the first of these that the file system can do.
enum class Naming : std::uint8_t {
  RenameNoReplace,  ///< renameat2(RENAME_NOREPLACE): one atomic step
  Link,             ///< link(), which never replaces; then the temporary name is removed
  Claim,            ///< an empty file is created with O_EXCL, and the rename replaces it
  InPlace           ///< no rename: the file is created with O_EXCL and written directly
};

/// Writes results into files. A file is complete or does not exist (except with InPlace); with Existing::Keep no
/// existing file is overwritten, even if it appeared a moment ago. What a folder's file system can do is tried once.
///
/// With Existing::Replace a link stays, and the file that it names is replaced; the file's permissions are kept, and
/// its owner if that is allowed; a device or a pipe is written to.
class ResultWriter {
 public:
  /// Checks before there is a result whether `path` can be written: its folder takes files, an existing file may be
  /// replaced.
  [[nodiscard]] Result<void> check(const std::string& path, Existing existing);
  /// The same for all files of a folder ("": the current one).
  [[nodiscard]] Result<void> check_folder(const std::string& folder);
  [[nodiscard]] Result<void> write(const std::string& path, std::span<const std::byte> bytes, Existing existing);

  /// True if the next write into `folder` would fail too: the disk is full or broken, or the folder is gone.
  [[nodiscard]] bool ends_all(const Error& failure, const std::string& folder);

  /// For tests: sets what was found out about `folder`.
  void set_naming(const std::string& folder, Naming naming) { namings_[folder] = naming; }

 private:
  [[nodiscard]] Result<Naming> naming_of(const std::string& folder);
  std::map<std::string, Naming> namings_;  // by folder, "" or with a final slash
};

/// Tries out what the file system of `folder` can do; removes all test files.
[[nodiscard]] Result<Naming> try_folder(const std::string& folder);

/// Writes to a descriptor: a file, or a pipe, a device or a terminal, which may block. EINTR: the user interrupted the
/// wait.
[[nodiscard]] Result<void> write_all(int fd, std::span<const std::byte> bytes, const std::string& name);
/// An Error unless descriptor 1 is open for writing.
[[nodiscard]] Result<void> check_standard_output();

}  // namespace ringmaster::cli
