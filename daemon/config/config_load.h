#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/config/config.h"
#include "daemon/config/inherited_config.h"
#include "daemon/config/world.h"

namespace ringmaster::config {

/// One problem, and what to do about it. `line` 0: it is about the whole file.
struct Problem {
  unsigned line = 0;
  unsigned column = 0;
  std::string text;
  bool warning = false;  ///< only reported: a problem of a trusted text, or an old name of a key

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Either a complete Config, or all problems, in the order of the file. Warnings are separate.
struct Outcome {
  std::optional<Config> config;
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
};

/// Reads TOML text. All checks are made even if there are problems, except after a syntax error.
[[nodiscard]] Outcome parse_config(std::string_view text, const World& world);

/// The embedded default: what parse_config makes of default_config_text(), and of an empty file.
[[nodiscard]] Outcome default_config(const World& world);

/// The commented defaults that `--print-config` prints.
[[nodiscard]] std::string_view default_config_text();

/// "ringmaster.toml:12:3: [pool.images] workers: ...", one per line, and a last line with their number.
[[nodiscard]] std::string render_problems(std::string_view file, const std::vector<Problem>& problems);

/// A configuration, and the text that successors read it from.
struct Loaded {
  Config config;
  InheritedConfig source;
  std::vector<std::string> warnings;
};

/// Reads and parses `path`; the Error's message holds every problem, ready to print. An empty path means the embedded
/// default. Used by `--check` and by the first supervisor, so that both accept the same.
[[nodiscard]] Result<Loaded> load_config(const std::string& path, const World& world);
/// What a successor uses, even if the file `path` (only for messages) has changed.
[[nodiscard]] Result<Loaded> load_inherited(InheritedConfig inherited, const std::string& path, World world);

/// A larger file is refused: it is most likely not a configuration.
inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

}  // namespace ringmaster::config
