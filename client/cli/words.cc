#include "client/cli/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "proto/text.h"

namespace ringmaster::cli {
namespace {

std::string with_decimal(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
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
    return Error{"\"" + clean_text(text, 40) + "\" is no time; write a number and a unit: 250ms, 2s, 1.5m, 1h"};
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
    return Error{"\"" + clean_text(text, 80) +
                 "\" is no POOL/HANDLER, such as default/thumbnail; \"ringmaster handlers\" lists what there is"};
  return Target{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Result<Argument> parse_argument(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || !is_name(text.substr(0, equals)))
    return Error{"\"" + clean_text(text, 80) + "\" is no argument; write --arg NAME=VALUE, such as --arg width=256"};
  return Argument{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

std::string show_progress(const Progress& progress) {
  constexpr std::size_t kWidth = 24;
  const std::size_t filled = progress.total == 0 ? kWidth : progress.ended * kWidth / progress.total;
  std::string line = "[" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "] " +
                     std::to_string(progress.ended) + "/" + std::to_string(progress.total);
  const double seconds = std::chrono::duration<double>(progress.elapsed).count();
  if (progress.ended > 0 && seconds > 0) {
    const double rate = static_cast<double>(progress.ended) / seconds;
    char text[64];
    std::snprintf(text, sizeof text, "  %.1f/s", rate);
    line += text;
    if (progress.failed > 0) line += "  " + std::to_string(progress.failed) + " failed";
    const double left = static_cast<double>(progress.total - progress.ended) / rate;
    line += "  " + show_duration(Duration(static_cast<std::int64_t>(left * 1e9))) + " left";
  }
  return line;
}

}  // namespace ringmaster::cli
