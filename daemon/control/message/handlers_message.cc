#include "daemon/control/message/handlers_message.h"

#include "daemon/control/message/milliseconds.h"
#include "proto/control_convert.h"

namespace ringmaster::daemon {

control::v1::PoolHandlers handlers_message(const HandlersView& pool) {
  control::v1::PoolHandlers message;
  message.set_pool(pool.pool);
  message.set_known(pool.known);
  if (pool.known) wire::to_message(pool.handlers, message);
  message.set_max_request_ring_bytes(pool.max_request_ring.value);
  message.set_max_result_ring_bytes(pool.max_result_ring.value);
  message.set_queue_timeout_ms(milliseconds(pool.queue_timeout));
  message.set_run_timeout_ms(milliseconds(pool.run_timeout));
  message.set_max_run_timeout_ms(milliseconds(pool.max_timeout));
  return message;
}

}  // namespace ringmaster::daemon
