#include "daemon/control/message/job_request_message.h"

#include <utility>

namespace ringmaster::daemon {

namespace v1 = control::v1;

SubmitRequest submit_request(v1::Submit&& message) {
  SubmitRequest request;
  request.pool = std::move(*message.mutable_pool());
  request.handler = std::move(*message.mutable_handler());
  for (v1::Argument& argument : *message.mutable_arguments()) {
    request.arguments.push_back({std::move(*argument.mutable_key()), std::move(*argument.mutable_value())});
  }
  request.payload = std::move(*message.mutable_payload());
  request.result_capacity = message.result_capacity();
  request.queue_timeout_ms = message.queue_timeout_ms();
  request.run_timeout_ms = message.run_timeout_ms();
  request.idempotent = message.idempotent();
  request.cookie = {message.cookie_high(), message.cookie_low()};
  request.wait = message.wait();
  request.takes_descriptor = message.takes_descriptor();
  request.label = std::move(*message.mutable_label());
  return request;
}

FetchRequest fetch_request(const v1::Fetch& message) {
  return {message.job_id(), {message.cookie_high(), message.cookie_low()}, message.wait()};
}

CancelRequest cancel_request(const v1::Cancel& message) {
  CancelRequest request{message.job_id(), {message.cookie_high(), message.cookie_low()}, std::nullopt};
  if (message.force()) request.force.emplace();
  if (message.force() && message.has_grace_ms()) {
    request.force->grace = std::chrono::milliseconds{message.grace_ms()};
  }
  return request;
}

StackRequest stack_request(const v1::GetStack& message) { return {message.job_id(), message.wait_ms()}; }

}  // namespace ringmaster::daemon
