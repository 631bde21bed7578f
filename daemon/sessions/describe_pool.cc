#include "daemon/sessions/describe_pool.h"

#include "proto/control_convert.h"

namespace ringmaster {
namespace {

std::uint64_t milliseconds(core::Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

void describe_pool(const PoolGate& pool, control::v1::PoolHandlers& message) {
  const config::PoolConfig& config = pool.config();
  message.set_pool(config.name);
  message.set_known(pool.handlers_known());
  if (pool.handlers_known()) to_message(pool.handlers(), message);
  message.set_max_request_ring_bytes(config.session.request_max.value);
  message.set_max_result_ring_bytes(config.session.reply_max.value);
  message.set_queue_timeout_ms(milliseconds(config.queue_deadline));
  message.set_run_timeout_ms(milliseconds(config.run_deadline));
  message.set_max_run_timeout_ms(milliseconds(config.max_deadline));
}

}  // namespace ringmaster
