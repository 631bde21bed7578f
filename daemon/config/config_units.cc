#include "daemon/config/config_units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

namespace ringmaster::config {
namespace {

/// Splits "250ms" into 250 and "ms".
std::optional<std::pair<std::uint64_t, std::string_view>> number_and_unit(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return std::pair{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<core::Duration> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits = {{{"ns", 1},
                                                                                       {"us", 1'000},
                                                                                       {"ms", 1'000'000},
                                                                                       {"s", 1'000'000'000},
                                                                                       {"m", 60'000'000'000},
                                                                                       {"h", 3'600'000'000'000}}};
  constexpr std::uint64_t kLongest = std::uint64_t{10} * 365 * 24 * 3'600'000'000'000;
  const auto parts = number_and_unit(text);
  if (!parts) return std::nullopt;
  for (const auto& [unit, ns] : kUnits) {
    if (parts->second != unit) continue;
    if (parts->first > kLongest / static_cast<std::uint64_t>(ns)) return std::nullopt;
    return core::Duration{static_cast<std::int64_t>(parts->first) * ns};
  }
  return std::nullopt;
}

std::optional<core::Bytes> parse_size(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, int>, 5> kUnits = {
      {{"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};
  const auto parts = number_and_unit(text);
  if (!parts) return std::nullopt;
  for (const auto& [unit, shift] : kUnits) {
    if (parts->second != unit) continue;
    if (parts->first > (std::uint64_t{1} << 62) >> shift) return std::nullopt;
    return core::Bytes{parts->first << shift};
  }
  return std::nullopt;
}

std::optional<unsigned> parse_mode(std::string_view text) {
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || text.size() < 3 || mode > 0777) return std::nullopt;
  return mode;
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best != nullptr ? *best : std::string{};
}

}  // namespace ringmaster::config
