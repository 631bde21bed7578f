#include "daemon/jobs/submit_check.h"

#include <chrono>
#include <utility>

#include "proto/handler_id.h"
#include "proto/submit_rules.h"
#include "shm/job_label.h"

namespace ringmaster::daemon {
namespace {

std::uint64_t milliseconds(core::Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// The limits of a message are far below those of the ring that the job will use.
wire::SubmitLimits limits_of_messages() {
  wire::SubmitLimits limits;
  limits.way = wire::SubmitWay::Message;
  limits.request_bytes = kMostInMessage;
  limits.ring_bytes = kMostInMessage + kMaxEncodedArgumentBytes;
  limits.result_bytes = kMostInMessage;
  return limits;
}

wire::SubmitLimits limits_of(const PoolTerms& terms) {
  wire::SubmitLimits limits = limits_of_messages();
  limits.pool = terms.pool;
  limits.handlers = terms.handlers;
  limits.shortest_run_ms = terms.shortest_run_ms;
  limits.longest_run_ms = milliseconds(terms.longest_run_timeout);
  return limits;
}

RefusalCode code_of(wire::SubmitFault fault) {
  switch (fault) {
    case wire::SubmitFault::UnknownHandler:
      return RefusalCode::UnknownHandler;
    case wire::SubmitFault::BadArguments:
      return RefusalCode::BadArgument;
    case wire::SubmitFault::TooLarge:
      return RefusalCode::TooLarge;
    case wire::SubmitFault::BadOption:
      break;
  }
  return RefusalCode::BadRequest;
}

RequestRefusal refusal_of(wire::SubmitRefusal refused) {
  return {code_of(refused.fault), std::move(refused.message), refused.asked, refused.limit};
}

shm::JobDescriptor describe(const SubmitRequest& request, std::uint32_t uid, const PoolTerms& pool,
                            const wire::SubmitTerms& terms) {
  shm::JobDescriptor descriptor{};
  descriptor.flags =
      (request.idempotent ? shm::kJobIdempotent : 0) | (request.takes_descriptor ? shm::kJobTakesSpilled : 0);
  descriptor.handler = wire::handler_id(request.handler);
  descriptor.queue_timeout_ms = terms.queue_timeout_ms != 0
                                    ? terms.queue_timeout_ms
                                    : static_cast<std::uint32_t>(milliseconds(pool.queue_timeout));
  descriptor.run_timeout_ms = terms.run_timeout_ms;
  descriptor.cookie[0] = request.cookie[0];
  descriptor.cookie[1] = request.cookie[1];
  descriptor.submitter = std::uint64_t{uid} + 1;
  shm::write_label(descriptor, request.label);
  return descriptor;
}

}  // namespace

std::optional<RequestRefusal> check_cookie(const JobCookie& cookie) {
  if (cookie != JobCookie{}) return std::nullopt;
  return RequestRefusal{RefusalCode::BadRequest, "a submit needs a cookie that is not 0"};
}

std::optional<RequestRefusal> check_payload(std::uint64_t bytes) {
  auto refused = wire::check_request_bytes(bytes, limits_of_messages());
  if (!refused) return std::nullopt;
  return refusal_of(std::move(*refused));
}

OrRefusal<CheckedJob> check_job(const SubmitRequest& request, std::uint32_t uid, const PoolTerms& terms) {
  std::vector<ArgumentView> arguments;
  for (const Argument& argument : request.arguments) arguments.push_back({argument.key, argument.value});
  wire::SubmitWish wish;
  wish.handler = request.handler;
  wish.arguments = arguments;
  wish.request_bytes = request.payload.size();
  wish.ring_room = request.payload.size() + encoded_size(request.arguments);
  if (request.result_capacity != 0) wish.result_capacity = request.result_capacity;
  wish.run_timeout_ms = request.run_timeout_ms;
  wish.queue_timeout_ms = request.queue_timeout_ms;
  wire::SubmitTerms kept;
  if (auto refused = wire::check_submit(wish, limits_of(terms), kept)) return refusal_of(std::move(*refused));
  auto encoded = encode_arguments(request.arguments);
  if (!encoded) return RequestRefusal{RefusalCode::BadArgument, encoded.error().message};
  return CheckedJob{describe(request, uid, terms, kept), std::move(*encoded), kept.result_capacity};
}

}  // namespace ringmaster::daemon
