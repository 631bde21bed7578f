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

/// A configuration, with what a successor is given to read it from.
struct Loaded {
  Config config;
  InheritedConfig source;
  std::vector<std::string> warnings;
};

/// Reads and parses `path`; the Error's message holds every problem, ready to print. An empty path means the embedded
/// default. `--check` and the first supervisor: what the one accepts the other serves.
[[nodiscard]] Result<Loaded> load_config(const std::string& path, const World& world);
/// What a successor goes by, whatever `path` (for messages) holds by now.
[[nodiscard]] Result<Loaded> load_inherited(InheritedConfig inherited, const std::string& path, World world);

/// A configuration of more bytes is refused: nobody writes one by hand.
inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

}  // namespace ringmaster::config
