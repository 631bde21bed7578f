#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/client.h"

/// What is typed and what is shown: times, sizes, names. Pure.
namespace ringmaster::cli {

/// "250ms", "2s", "1.5m", "1h"; a bare number is seconds.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string show_duration(Duration time);
[[nodiscard]] std::string show_bytes(std::uint64_t bytes);

struct Target {
  std::string pool;
  std::string handler;
};
/// "POOL/HANDLER".
[[nodiscard]] Result<Target> parse_target(std::string_view text);
/// "key=value".
[[nodiscard]] Result<Argument> parse_argument(std::string_view text);

/// One line of a progress display, without line ends: "[#####.....] 120/300  41.2/s  2 failed  4 s left".
struct Progress {
  std::size_t total = 0;
  std::size_t ended = 0;
  std::size_t failed = 0;
  Duration elapsed{0};
};
[[nodiscard]] std::string show_progress(const Progress& progress);

}  // namespace ringmaster::cli
