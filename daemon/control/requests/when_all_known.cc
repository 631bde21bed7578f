#include "daemon/control/requests/when_all_known.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace ringmaster::daemon {

namespace {

struct Wait {
  std::size_t left;
  std::function<void()> done;  ///< empty: it has been called
  std::optional<Timers::TimerId> timer{};

  void end() {
    if (done) std::exchange(done, nullptr)();
  }
};

}  // namespace

void when_all_known(Timers& timers, const std::vector<PoolPort*>& pools, std::function<void()> done) {
  std::vector<PoolPort*> unready;
  for (PoolPort* pool : pools) {
    if (!pool->handlers_known()) unready.push_back(pool);
  }
  if (unready.empty()) return done();
  const auto wait = std::make_shared<Wait>(Wait{unready.size(), std::move(done)});
  if (pools.size() > 1) wait->timer = timers.after(kLongestKnownWait, [wait] { wait->end(); });
  for (PoolPort* pool : unready) {
    pool->when_handlers_known([wait, &timers] {
      if (--wait->left != 0 || !wait->done) return;
      if (wait->timer) timers.cancel(*wait->timer);
      wait->end();
    });
  }
}

}  // namespace ringmaster::daemon
