#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ringmaster::config {

/// The questions that the checks ask about this machine; tests answer from a table.
struct World {
  struct FileFacts {
    mode_t mode = 0;  ///< as in stat, type included
  };
  struct UserFacts {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  std::function<std::optional<FileFacts>(const std::string& path)> stat;
  std::function<std::optional<UserFacts>(const std::string& name)> user;
  std::function<std::optional<gid_t>(const std::string& name)> group;
  /// The file names in a folder, sorted; empty if there is no such folder.
  std::function<std::vector<std::string>(const std::string& folder)> list;
  /// Folders that may hold the stock handlers, first match wins.
  std::vector<std::string> handler_folders;
  std::string path = "/usr/local/bin:/usr/bin:/bin";  ///< where a command without a slash is searched
  std::string cwd = "/";                              ///< what relative paths of commands and handlers start from
  uid_t euid = 0;
  /// The text is inherited and was checked when the daemon started. Something that this machine no longer has is then
  /// only a warning: the pool that needs it cannot start workers, but everything else goes on.
  bool trusted = false;
};

/// This machine. Handlers are searched in `$RINGMASTER_HANDLERS`, then in the folders of base/program_folder.h.
[[nodiscard]] World real_world();

}  // namespace ringmaster::config
