#include "daemon/core/types.h"

#include <array>
#include <utility>

namespace ringmaster::core {

std::string to_string(Duration duration) {
  static constexpr std::array<std::pair<std::int64_t, const char*>, 5> kUnits = {
      {{3'600'000'000'000, "h"}, {60'000'000'000, "m"}, {1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}}};
  const std::int64_t ns = duration.count();
  if (ns == 0) return "0s";
  for (const auto& [unit, name] : kUnits) {
    if (ns % unit == 0) return std::to_string(ns / unit) + name;
  }
  return std::to_string(ns) + "ns";
}

std::string to_string(Bytes bytes) {
  static constexpr std::array<std::pair<int, const char*>, 4> kUnits = {
      {{30, "GiB"}, {20, "MiB"}, {10, "KiB"}, {0, "B"}}};
  for (const auto& [shift, name] : kUnits) {
    if (bytes.value != 0 && (bytes.value & ((std::uint64_t{1} << shift) - 1)) == 0) {
      return std::to_string(bytes.value >> shift) + name;
    }
  }
  return "0B";
}

}  // namespace ringmaster::core
