#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"

/// Parses what users type, and formats what they see: times, sizes, names. Pure.
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

/// A job's id for people: "17-1", its session's serial and its number there; "" for 0.
[[nodiscard]] std::string show_job(std::uint64_t id);
/// The id as a decimal number, as logs show it; "" for 0. In JSON a string: beyond 2^53 many readers round numbers.
[[nodiscard]] std::string decimal_job(std::uint64_t id);
/// Parses either form.
[[nodiscard]] Result<std::uint64_t> parse_job(std::string_view text);

/// "1 connection", "2 connections".
[[nodiscard]] std::string count_of(std::uint64_t number, std::string_view noun);
/// "1st", "2nd", "3rd", "11th".
[[nodiscard]] std::string ordinal(std::uint64_t number);
/// "; did you mean \"status\"?" with the candidate that is nearest to `word`, or "" where none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// One line of a progress display, without line ends: "[#####.....] 120/300  41.2/s  2 failed  4 s left".
struct Progress {
  std::size_t total = 0;
  std::size_t ended = 0;
  std::size_t failed = 0;
  Duration elapsed{0};
};
/// At most `columns` wide: first the bar gets shorter and is left out, then the rate, then the rest is cut.
[[nodiscard]] std::string show_progress(const Progress& progress, std::size_t columns = 80);

}  // namespace ringmaster::cli
