#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ringmaster::config {

/// What the checks ask about this machine; tests answer from a table.
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
  /// File names in a folder, sorted; empty where there is none.
  std::function<std::vector<std::string>(const std::string& folder)> list;
  /// Folders that may hold the stock handlers, first match wins.
  std::vector<std::string> handler_folders;
  std::string path = "/usr/local/bin:/usr/bin:/bin";  ///< to find a command without a slash
  std::string cwd = "/";                              ///< what a relative command or handler is resolved against
  uid_t euid = 0;
  /// The text was checked when the daemon started and is inherited: what this machine no longer has is a warning, and
  /// the pool that needs it cannot start workers. The others, and all that runs, go on.
  bool trusted = false;
};

/// This machine. Handlers are looked for in `$RINGMASTER_HANDLERS`, then beside the running binary as built or
/// installed.
[[nodiscard]] World real_world();

}  // namespace ringmaster::config
