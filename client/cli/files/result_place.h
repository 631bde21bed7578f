#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "client/cli/files/result_writer.h"

namespace ringmaster::cli {

/// Where a result really goes.
struct ResultPlace {
  std::string path;
  std::string folder;     ///< of `path`: "" or with a final slash
  bool in_place = false;  ///< a device or a pipe: a rename would put a file in its stead
  bool there = false;     ///< a regular file that is replaced; `facts` are its
  int descriptor = -1;    ///< "/dev/stdout", "/dev/fd/N": what is open already is written to, not opened again
  struct stat facts {};
};
/// The descriptor that `named` stands for, as shells read it.
[[nodiscard]] std::optional<int> descriptor_named(const std::string& named);

/// Follows links, as a redirection of the shell would. An Error for a folder, a socket, and what may not be written.
[[nodiscard]] Result<ResultPlace> find_place(const std::string& named, Existing existing);

/// Gives the new file behind `fd` owner, group and permissions of the old one at `place`, before it has any content.
/// Where the group cannot be kept its members get no more than others. Set-id bits are not kept: the content is new.
[[nodiscard]] Result<void> take_over_permissions(int fd, const ResultPlace& place);

}  // namespace ringmaster::cli
