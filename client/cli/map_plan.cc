#include "client/cli/map_plan.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "shm/segment_view.h"

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

// Arguments of one job in the request ring, and slack for what wraps.
constexpr std::uint64_t kArgumentRoom = std::uint64_t{64} << 10;
constexpr std::uint64_t kLeastRing = std::uint64_t{1} << 20;

std::string value_of(const HandlerDescription& handler, const Arguments& arguments, const std::string& name) {
  for (const Argument& one : arguments)
    if (one.key == name) return one.value;
  for (const ArgumentDescription& one : handler.arguments)
    if (one.name == name) return one.default_value;
  return {};
}

std::uint64_t ring_for(std::uint64_t largest, std::uint64_t sum, std::size_t in_flight, std::uint64_t most) {
  // Room for a wrap beside the largest, and for the usual ones in flight.
  const std::uint64_t wanted = std::min(sum, largest * std::max<std::uint64_t>(2, in_flight));
  std::uint64_t bytes = whole_pages(std::max(kLeastRing, wanted + largest));
  if (most != 0) bytes = std::min(bytes, most / kPageBytes * kPageBytes);
  return bytes;
}

}  // namespace

ExtensionRule extension_rule(const HandlerDescription& handler, const Arguments& arguments,
                             const std::optional<std::string>& chosen) {
  if (chosen) return {chosen->substr(chosen->starts_with('.') ? 1 : 0), true};
  const std::string& rule = handler.output_extension;
  const auto open = rule.find('{');
  const auto close = rule.find('}', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return {rule, false};
  const std::string value = value_of(handler, arguments, rule.substr(open + 1, close - open - 1));
  if (value.empty() || value.find('/') != std::string::npos) return {};
  const std::string extension = rule.substr(0, open) + value + rule.substr(close + 1);
  return {extension == "jpeg" ? "jpg" : extension, true};
}

std::string output_name(const std::string& input, const ExtensionRule& rule) {
  const fs::path name = fs::path(input).filename();
  if (rule.extension.empty()) return (rule.replaces ? name.stem() : name).string();
  const std::string extension = "." + rule.extension;
  if (rule.replaces) return name.stem().string() + extension;
  return name.extension() == extension ? name.stem().string() : name.string() + extension;
}

std::vector<std::string> find_collisions(const std::vector<MapItem>& items) {
  std::vector<std::string> found;
  std::map<std::string, const MapItem*> by_output;
  std::map<std::string, const MapItem*> by_input;
  for (const MapItem& item : items) by_input.emplace(fs::path(item.input).lexically_normal().string(), &item);
  for (const MapItem& item : items) {
    const std::string output = fs::path(item.output).lexically_normal().string();
    const auto [other, fresh] = by_output.emplace(output, &item);
    if (!fresh) found.push_back(other->second->input + " and " + item.input + " would both become " + output);
    if (by_input.contains(output)) found.push_back(item.input + " would become " + output + ", which is an input");
  }
  return found;
}

std::uint64_t whole_pages(std::uint64_t bytes) noexcept { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

bool fits_pool(std::uint64_t bytes, const PoolHandlers& pool) noexcept {
  return pool.max_result_ring_bytes == 0 || bytes <= pool.max_result_ring_bytes;
}

MapRoom plan_room(const std::vector<MapItem>& items, const HandlerDescription* handler, std::size_t in_flight,
                  const PoolHandlers& pool) {
  constexpr std::uint64_t kUnknownResult = std::uint64_t{64} << 10;
  std::uint64_t request_largest = 0, request_sum = 0, result_largest = 0, result_sum = 0;
  for (const MapItem& item : items) {
    std::uint64_t result = handler != nullptr ? default_result_bytes(*handler, item.bytes) : kUnknownResult;
    result = std::max(result, item.result);
    request_largest = std::max(request_largest, item.bytes + kArgumentRoom);
    request_sum += item.bytes + kArgumentRoom;
    result_largest = std::max(result_largest, result);
    result_sum += result;
  }
  return {ring_for(request_largest, request_sum, in_flight, pool.max_request_ring_bytes),
          ring_for(result_largest, result_sum, in_flight, pool.max_result_ring_bytes)};
}

}  // namespace ringmaster::cli
