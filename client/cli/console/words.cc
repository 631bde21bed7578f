#include "client/cli/console/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/text.h"

namespace ringmaster::cli {
namespace {

std::string with_decimal(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
}

// The Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row[b.size()];
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double seconds = -1;
  if (status == std::errc{} && value >= 0 && std::isfinite(value)) {
    if (unit.empty() || unit == "s") seconds = value;
    if (unit == "ms") seconds = value / 1e3;
    if (unit == "us") seconds = value / 1e6;
    if (unit == "m" || unit == "min") seconds = value * 60;
    if (unit == "h") seconds = value * 3600;
  }
  if (seconds < 0 || seconds > 4e6)
    return Error{"\"" + clean_quote(text, 40) + "\" is not a time; write a number and a unit: 250ms, 2s, 1.5m, 1h"};
  return Duration(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

std::string show_duration(Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (seconds < 1e-3) return with_decimal(seconds * 1e6, "us");
  if (seconds < 1) return with_decimal(seconds * 1e3, "ms");
  if (seconds < 120) return with_decimal(seconds, "s");
  if (seconds < 7200) return with_decimal(seconds / 60, "min");
  if (seconds < 172800) return with_decimal(seconds / 3600, "h");
  return with_decimal(seconds / 86400, "days");
}

std::string show_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? std::to_string(bytes) + " B" : with_decimal(value, kUnits[unit]);
}

Result<Target> parse_target(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || !is_name(text.substr(0, slash)) || !is_name(text.substr(slash + 1)))
    return Error{"\"" + clean_quote(text) +
                 "\" is not a POOL/HANDLER, such as default/thumbnail; \"ringmaster handlers\" lists what there is"};
  return Target{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Result<Argument> parse_argument(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || !is_name(text.substr(0, equals)))
    return Error{"\"" + clean_quote(text) + "\" is not an argument; write --arg NAME=VALUE, such as --arg width=256"};
  return Argument{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

std::string show_job(std::uint64_t id) {
  return id == 0 ? std::string() : std::to_string(id >> 32) + "-" + std::to_string(id & 0xFFFF'FFFFU);
}

std::string decimal_job(std::uint64_t id) { return id == 0 ? std::string() : std::to_string(id); }

Result<std::uint64_t> parse_job(std::string_view text) {
  const auto read = [](std::string_view digits, auto& value) {
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return status == std::errc{} && end == digits.data() + digits.size();
  };
  const auto dash = text.find('-');
  std::uint64_t id = 0;
  std::uint32_t session = 0;
  std::uint32_t number = 0;
  if (dash == std::string_view::npos) {
    if (!read(text, id)) id = 0;
  } else if (read(text.substr(0, dash), session) && read(text.substr(dash + 1), number)) {
    id = std::uint64_t{session} << 32 | number;
  }
  // Serials of sessions and their jobs' numbers are never 0.
  if (id >> 32 != 0 && (id & 0xFFFF'FFFFU) != 0) return id;
  return Error{"\"" + clean_quote(text, 40) + "\" is not a job; write it as status shows it, such as 17-1"};
}

std::string count_of(std::uint64_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string ordinal(std::uint64_t number) {
  const bool teens = number % 100 >= 11 && number % 100 <= 13;
  const char* const end = teens              ? "th"
                          : number % 10 == 1 ? "st"
                          : number % 10 == 2 ? "nd"
                          : number % 10 == 3 ? "rd"
                                             : "th";
  return std::to_string(number) + end;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const bool begins = word.size() >= 2 && candidate.starts_with(word);
    const std::size_t away = begins ? 1 : edit_distance(word, candidate);
    if (away >= least) continue;
    least = away;
    best = candidate;
  }
  return best.empty() ? std::string() : "; did you mean \"" + std::string(best) + "\"?";
}

std::string show_progress(const Progress& progress, std::size_t columns) {
  constexpr std::size_t kWidth = 24;
  constexpr std::size_t kLeastBar = 4;
  const std::string count = std::to_string(progress.ended) + "/" + std::to_string(progress.total);
  std::string rate_text;
  std::string rest;
  const double seconds = std::chrono::duration<double>(progress.elapsed).count();
  if (progress.ended > 0 && seconds > 0) {
    const double rate = static_cast<double>(progress.ended) / seconds;
    char text[64];
    std::snprintf(text, sizeof text, "  %.1f/s", rate);
    rate_text = text;
    if (progress.failed > 0) rest += "  " + std::to_string(progress.failed) + " failed";
    const double left = static_cast<double>(progress.total - progress.ended) / rate;
    rest += "  " + show_duration(Duration(static_cast<std::int64_t>(left * 1e9))) + " left";
  }
  const std::size_t words = count.size() + rate_text.size() + rest.size();
  const std::size_t room = columns > words + 3 ? columns - words - 3 : 0;  // for the bar: its brackets and a space
  const std::size_t width = std::min(kWidth, room);
  if (width >= kLeastBar) {
    const std::size_t filled = progress.total == 0 ? width : progress.ended * width / progress.total;
    return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " + count + rate_text + rest;
  }
  return (words <= columns ? count + rate_text + rest : count + rest).substr(0, columns);
}

}  // namespace ringmaster::cli
