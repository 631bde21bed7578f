#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "client/cli/files/result_writer.h"

namespace ringmaster::cli {

/// Where a result is really written, after links are followed.
struct ResultPlace {
  std::string path;
  std::string folder;     ///< of `path`: "" or with a final slash
  bool in_place = false;  ///< a device or a pipe: written to directly, since a rename would replace it by a file
  bool there = false;     ///< a regular file exists and will be replaced; `facts` describe it
  int descriptor = -1;    ///< for "/dev/stdout" and "/dev/fd/N": the open descriptor to write to
  struct stat facts {};
};
/// The descriptor that a name such as /dev/fd/3 means to shells.
[[nodiscard]] std::optional<int> descriptor_named(const std::string& named);

/// Follows links like a redirection of the shell. An Error for a folder, a socket, or a file that may not be written.
[[nodiscard]] Result<ResultPlace> find_place(const std::string& named, Existing existing);

/// Gives the new file behind `fd` owner, group and permissions of the old one at `place`, before it has any content.
/// If the group cannot be kept, its members get the permissions of others. Set-id bits are not kept, because the
/// content is new.
[[nodiscard]] Result<void> take_over_permissions(int fd, const ResultPlace& place);

}  // namespace ringmaster::cli
