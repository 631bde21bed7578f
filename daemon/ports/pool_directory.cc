#include "daemon/ports/pool_directory.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "daemon/core/pool/pool_creation.h"
#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {
namespace {

constexpr std::size_t kMaxNameShown = 64;

}  // namespace

PoolPort* PoolDirectory::named(std::string_view name, core::Uid user) const {
  const auto at = std::ranges::find_if(pools_, [&](const PoolPort* pool) { return pool->config().name == name; });
  return at != pools_.end() && core::may_use_pool((*at)->config().owner, user) ? *at : nullptr;
}

std::vector<PoolPort*> PoolDirectory::all_for(core::Uid user) const {
  std::vector<PoolPort*> all;
  std::ranges::copy_if(pools_, std::back_inserter(all),
                       [&](const PoolPort* pool) { return core::may_use_pool(pool->config().owner, user); });
  return all;
}

PoolPort* PoolDirectory::numbered(std::uint32_t index) const {
  const auto at = std::ranges::find_if(pools_, [&](const PoolPort* pool) { return pool->index() == index; });
  return at == pools_.end() ? nullptr : *at;
}

std::string PoolDirectory::no_such(std::string_view name, core::Uid user) const {
  std::string names;
  for (const PoolPort* pool : all_for(user)) names += " \"" + pool->config().name + "\"";
  return "no pool \"" + clean_text(name, kMaxNameShown) + "\"; there is" + (names.empty() ? " none" : names);
}

}  // namespace ringmaster::daemon
