#include "daemon/ports/handlers_view.h"

#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

HandlersView handlers_view(const PoolPort& pool) {
  const config::PoolConfig& config = pool.config();
  HandlersView view;
  view.pool = config.name;
  view.known = pool.handlers_known();
  if (view.known) view.handlers.assign(pool.handlers().begin(), pool.handlers().end());
  view.max_request_ring = config.session.request_max;
  view.max_result_ring = config.session.reply_max;
  view.queue_deadline = config.queue_deadline;
  view.run_deadline = config.run_deadline;
  view.max_deadline = config.max_deadline;
  return view;
}

}  // namespace ringmaster::daemon
