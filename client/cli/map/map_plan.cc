#include "client/cli/map/map_plan.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "shm/segment_view.h"

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

// Room for one job's arguments in the request ring, and for what a wrap wastes.
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
  // Room for at least two of the largest, because a wrap may waste as much as one.
  const std::uint64_t wanted = std::min(sum, largest * std::max<std::uint64_t>(2, in_flight));
  std::uint64_t bytes = whole_pages(std::max(kLeastRing, wanted + largest));
  if (most != 0) bytes = std::min(bytes, most / shm::kPageBytes * shm::kPageBytes);
  return bytes;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// The format that a name's last extension means, without the dot; all spellings of JPEG are one.
std::string said_by(std::string_view name) {
  const auto dot = name.rfind('.');
  std::string extension = dot == std::string_view::npos ? std::string() : lower(name.substr(dot + 1));
  return extension == "jpg" || extension == "jpe" || extension == "jfif" ? "jpeg" : extension;
}

const ArgumentDescription* find_argument(const HandlerDescription& handler, std::string_view name) {
  const auto found = std::find_if(handler.arguments.begin(), handler.arguments.end(),
                                  [&](const ArgumentDescription& one) { return one.name == name; });
  return found == handler.arguments.end() ? nullptr : &*found;
}

using How = ExtensionRule::How;

// The entry for `value` in a list such as "value=+ext,other=-ext".
ExtensionRule by_value(std::string_view list, std::string_view value) {
  while (!list.empty()) {
    const std::string_view entry = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), entry.size() + 1));
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos || entry.substr(0, equals) != value) continue;
    const std::string_view what = entry.substr(equals + 1);
    if (what.size() < 2 || (what[0] != '+' && what[0] != '-')) return {};
    return {what[0] == '+' ? How::Append : How::Drop, std::string(what.substr(1)), {}, false};
  }
  return {};
}

// The rule by the handler's description alone.
ExtensionRule described_rule(const HandlerDescription& handler, const Arguments& arguments) {
  const std::string& rule = handler.output_extension;
  const auto open = rule.find('{');
  const auto close = rule.find('}', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos)
    return {rule.empty() ? How::Keep : How::Append, rule, {}, false};
  const std::string inside = rule.substr(open + 1, close - open - 1);
  const auto colon = inside.find(':');
  const std::string name = inside.substr(0, colon);
  const std::string value = value_of(handler, arguments, name);
  if (colon != std::string::npos) return by_value(std::string_view(inside).substr(colon + 1), value);
  ExtensionRule made;
  if (const ArgumentDescription* argument = find_argument(handler, name)) {
    for (const std::string& choice : argument->choices)
      if (choice != value) made.lies.push_back(said_by("." + choice));
  }
  made.as_input = value.empty();
  if (value.empty() || value.find('/') != std::string::npos) return made;
  const std::string extension = rule.substr(0, open) + value + rule.substr(close + 1);
  made.how = How::Replace;
  made.extension = extension == "jpeg" ? "jpg" : extension;
  return made;
}

Result<std::string> name_of(std::string name) { return {boost::system::in_place_value, std::move(name)}; }

Result<std::string> drop(const std::string& name, const std::string& extension) {
  const std::string small = lower(name);
  const std::string plain = "." + lower(extension);
  const std::string tar = ".t" + lower(extension);
  if (small.ends_with(tar)) return name_of(name.substr(0, name.size() - tar.size()) + ".tar");
  if (!small.ends_with(plain)) return name_of(name);
  if (small == plain)
    return Error{"\"" + name + "\" is all extension: nothing is left as the result's name; use --ext"};
  return name_of(name.substr(0, name.size() - plain.size()));
}

}  // namespace

ExtensionRule extension_rule(const HandlerDescription& handler, const Arguments& arguments,
                             const std::optional<std::string>& chosen) {
  ExtensionRule rule = described_rule(handler, arguments);
  if (!chosen) return rule;
  if (rule.how == How::Drop) rule.lies = {lower(rule.extension), "t" + lower(rule.extension)};
  rule.how = How::Replace;
  rule.extension = chosen->substr(chosen->starts_with('.') ? 1 : 0);
  return rule;
}

Result<std::string> output_name(const std::string& input, const ExtensionRule& rule) {
  const fs::path name = fs::path(input).filename();
  std::string made;
  switch (rule.how) {
    case How::Keep:
      return name_of(name.string());
    case How::Append:
      return name_of(name.string() + "." + rule.extension);
    case How::Drop:
      return drop(name.string(), rule.extension);
    case How::Replace:
      made = name.stem().string() + (rule.extension.empty() ? "" : "." + rule.extension);
      break;
  }
  const std::string said = said_by(made);
  const bool lie = std::find(rule.lies.begin(), rule.lies.end(), said) != rule.lies.end();
  if (lie && !(rule.as_input && said == said_by(name.string())))
    return Error{"\"" + made + "\" would be a false name: with these arguments the result of \"" + name.string() +
                 "\" is no " + said + "; choose another --ext, or other arguments"};
  return name_of(std::move(made));
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

std::uint64_t whole_pages(std::uint64_t bytes) noexcept {
  return (bytes + shm::kPageBytes - 1) / shm::kPageBytes * shm::kPageBytes;
}

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
    // One that no ring can hold gets memory of its own.
    const bool alone = pool.max_request_ring_bytes != 0 && item.bytes + kArgumentRoom > pool.max_request_ring_bytes &&
                       (handler == nullptr || handler->takes_parcels);
    const std::uint64_t request = (alone ? 0 : item.bytes) + kArgumentRoom;
    request_largest = std::max(request_largest, request);
    request_sum += request;
    result_largest = std::max(result_largest, result);
    result_sum += result;
  }
  return {ring_for(request_largest, request_sum, in_flight, pool.max_request_ring_bytes),
          ring_for(result_largest, result_sum, in_flight, pool.max_result_ring_bytes)};
}

}  // namespace ringmaster::cli
