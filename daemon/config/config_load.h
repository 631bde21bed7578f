#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/config/config.h"

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

/// What "all" and the stock names mean on this machine now, as text to be kept beside the configuration: an upgrade
/// must not give a successor other handlers than its predecessor had.
[[nodiscard]] std::string remember_stock(const World& world);
/// `world` with the stock handlers of such a text. An empty text changes nothing.
void recall_stock(World& world, std::string_view text);

/// One thing that is wrong, and what to do about it. `line` 0: it concerns the file as a whole.
struct Problem {
  unsigned line = 0;
  unsigned column = 0;
  std::string text;
  bool warning = false;  ///< of a trusted text: said and passed over

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Either no problem and a complete Config, or every problem at once, in the order of the file. Warnings stand apart.
struct Outcome {
  std::optional<Config> config;
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
};

/// Reads TOML text. Nothing is left out of the checks because something else is wrong (but for a syntax error,
/// where TOML ends).
[[nodiscard]] Outcome parse_config(std::string_view text, const World& world);

/// The embedded default: what parse_config makes of default_config_text(), and of an empty file.
[[nodiscard]] Outcome default_config(const World& world);

/// The commented defaults that `--print-config` prints.
[[nodiscard]] std::string_view default_config_text();

/// "ringmaster.toml:12:3: [pool.images] workers: ..." one a line, and a last line with their number.
[[nodiscard]] std::string render_problems(std::string_view file, const std::vector<Problem>& problems);

/// Reads and parses `path`; the Error's message holds every problem, ready to print.
/// An empty path means the embedded default.
[[nodiscard]] Result<Config> load_config(const std::string& path, const World& world);

}  // namespace ringmaster::config
