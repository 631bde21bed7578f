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
  RenameNoReplace,  ///< renameat2(RENAME_NOREPLACE): check and step are one
  Link,             ///< link(), which never replaces; then the temporary name is removed
  Claim,            ///< the name is taken by an empty file that is made with O_EXCL and renamed over
  InPlace           ///< no renames at all: the file is made with O_EXCL and written where it is
};

/// Writes results into files: each is there whole or not at all (but InPlace), and with Existing::Keep never over a
/// file that is there already, even if it appeared a moment ago. What a folder's file system can do is tried once.
///
/// With Existing::Replace a link stays one and what it names is replaced; the file's permissions, and its owner where
/// that is allowed, are kept; a device or a pipe is written to.
class ResultWriter {
 public:
  /// Everything about `path` that can be known before there is something to write: its folder takes files, what is
  /// there may be replaced.
  [[nodiscard]] Result<void> check(const std::string& path, Existing existing);
  /// The same for all files of a folder ("": the current one).
  [[nodiscard]] Result<void> check_folder(const std::string& folder);
  [[nodiscard]] Result<void> write(const std::string& path, std::span<const std::byte> bytes, Existing existing);

  /// Whether a failed write into `folder` is one that the next would meet too: the disk is full or broken, the folder
  /// gone.
  [[nodiscard]] bool ends_all(const Error& failure, const std::string& folder);

  /// For tests: as if trying `folder` had found that.
  void set_naming(const std::string& folder, Naming naming) { namings_[folder] = naming; }

 private:
  [[nodiscard]] Result<Naming> naming_of(const std::string& folder);
  std::map<std::string, Naming> namings_;  // by folder, "" or with a final slash
};

/// Tries out what the file system of `folder` can do; leaves nothing there.
[[nodiscard]] Result<Naming> try_folder(const std::string& folder);

/// Writes to a descriptor: a file, or a pipe, a device or a terminal that may take its time. EINTR: it would have
/// waited and the user has interrupted.
[[nodiscard]] Result<void> write_all(int fd, std::span<const std::byte> bytes, const std::string& name);
/// Whether descriptor 1 is open for writing.
[[nodiscard]] Result<void> check_standard_output();

}  // namespace ringmaster::cli
