#include "daemon/control/requests/when_all_known.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace ringmaster::daemon {

void when_all_known(const std::vector<PoolPort*>& pools, std::function<void()> done) {
  std::vector<PoolPort*> unready;
  for (PoolPort* pool : pools) {
    if (!pool->handlers_known()) unready.push_back(pool);
  }
  if (unready.empty()) return done();
  const auto left = std::make_shared<std::size_t>(unready.size());
  const auto then = std::make_shared<std::function<void()>>(std::move(done));
  for (PoolPort* pool : unready) {
    pool->when_handlers_known([left, then] {
      if (--*left == 0) (*then)();
    });
  }
}

}  // namespace ringmaster::daemon
