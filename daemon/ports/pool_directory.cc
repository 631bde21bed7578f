#include "daemon/ports/pool_directory.h"

#include <algorithm>

#include "base/text.h"
#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {
namespace {

constexpr std::size_t kMaxNameShown = 64;

}  // namespace

PoolPort* PoolDirectory::named(std::string_view name) const {
  const auto at = std::ranges::find_if(pools_, [&](const PoolPort* pool) { return pool->config().name == name; });
  return at == pools_.end() ? nullptr : *at;
}

PoolPort* PoolDirectory::numbered(std::uint32_t index) const {
  const auto at = std::ranges::find_if(pools_, [&](const PoolPort* pool) { return pool->index() == index; });
  return at == pools_.end() ? nullptr : *at;
}

std::string PoolDirectory::no_such(std::string_view name) const {
  std::string names;
  for (const PoolPort* pool : pools_) names += " \"" + pool->config().name + "\"";
  return "no pool \"" + clean_text(name, kMaxNameShown) + "\"; there is" + names;
}

}  // namespace ringmaster::daemon
