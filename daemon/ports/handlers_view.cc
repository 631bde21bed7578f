#include "daemon/ports/handlers_view.h"

#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

HandlersView handlers_view(const PoolPort& pool) {
  const config::PoolConfig& config = pool.config();
  HandlersView view;
  view.pool = config.name;
  view.known = pool.handlers_told();
  if (view.known) view.handlers.assign(pool.handlers().begin(), pool.handlers().end());
  view.max_request_ring = config.session.request_ring_max;
  view.max_result_ring = config.session.result_ring_max;
  view.queue_timeout = config.queue_timeout;
  view.run_timeout = config.run_timeout;
  view.max_timeout = config.max_timeout;
  return view;
}

}  // namespace ringmaster::daemon
