#include "daemon/core/machine/cgroup_facts.h"

#include <charconv>

#include "base/cgroup_text.h"

namespace ringmaster::core {
namespace {

std::optional<std::uint32_t> whole_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::string delegated_folder(std::string_view own) {
  const auto slash = own.rfind('/');
  const bool moved = slash != std::string_view::npos && own.substr(slash + 1) == kDaemonLeaf;
  return std::string{moved ? own.substr(0, slash) : own};
}

std::optional<std::uint64_t> oom_kills_of(std::string_view memory_events) {
  return cgroup_figure(memory_events, "oom_kill");
}

std::string worker_leaf(std::uint32_t worker, std::uint32_t incarnation) {
  return "w" + std::to_string(worker) + "." + std::to_string(incarnation);
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> parse_worker_leaf(std::string_view name) {
  const auto dot = name.find('.');
  if (!name.starts_with('w') || dot == std::string_view::npos) return std::nullopt;
  const auto worker = whole_number(name.substr(1, dot - 1));
  const auto incarnation = whole_number(name.substr(dot + 1));
  if (!worker || !incarnation) return std::nullopt;
  return std::pair{*worker, *incarnation};
}

}  // namespace ringmaster::core
