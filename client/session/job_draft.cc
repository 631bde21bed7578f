#include "client/session/job_draft.h"

#include <cstring>

#include "client/types/whole_ms.h"
#include "proto/handler_id.h"
#include "shm/extent.h"
#include "shm/heap/request_room.h"
#include "shm/job_label.h"
#include "shm/message_log.h"

namespace ringmaster::client {
namespace {

SubmitError error_of(wire::SubmitFault fault) {
  switch (fault) {
    case wire::SubmitFault::UnknownHandler:
      return SubmitError::UnknownHandler;
    case wire::SubmitFault::BadArguments:
      return SubmitError::BadArguments;
    case wire::SubmitFault::TooLarge:
      return SubmitError::TooLarge;
    case wire::SubmitFault::BadOption:
      return SubmitError::BadOption;
  }
  return SubmitError::BadOption;
}

void fill(shm::JobDescriptor& job, const PlacedRequest& request, const wire::SubmitTerms& terms,
          const SubmitOptions& options) {
  job.seq = 0;
  job.flags = shm::kJobTakesSpilled | (options.idempotent ? shm::kJobIdempotent : 0);
  job.request_line = static_cast<std::uint32_t>(request.offset / shm::kCacheLine);
  job.result_line = 0;
  job.request_bytes = request.bytes;
  job.result_capacity = terms.result_capacity;
  job.arguments_line = 0;
  job.arguments_bytes = 0;
  job.submitted_ns = 0;
  job.queue_timeout_ms = terms.queue_timeout_ms;
  job.run_timeout_ms = terms.run_timeout_ms;
  for (std::uint64_t& word : job.cookie) word = 0;
  job.parcel = static_cast<std::uint32_t>(request.extent);
  std::memset(job.label, 0, sizeof job.label);
  shm::write_label(job, options.label);
  job.message_room = options.messages;
  if (options.messages != 0) job.flags |= shm::kJobTakesMessages;
}

}  // namespace

JobDrafter::JobDrafter(const SessionFacts& facts, std::uint64_t request_ring_bytes, std::uint64_t result_ring_bytes)
    : facts_(facts) {
  limits_.pool = facts.pool;
  limits_.handlers = facts.handlers;
  limits_.handlers_known = facts.handlers_known;
  limits_.request_bytes = request_ring_bytes;
  limits_.ring_bytes = request_ring_bytes;
  limits_.result_bytes = result_ring_bytes;
  limits_.shortest_run_ms = whole_ms(facts.shortest_timeout);
  limits_.longest_run_ms = whole_ms(facts.longest_timeout);
  for (const HandlerDescription& one : facts.handlers) handler_ids_.push_back(wire::handler_id(one.name));
}

Refusal JobDrafter::refusal_of(wire::SubmitRefusal refused) {
  return {error_of(refused.fault), std::move(refused.message)};
}

inline std::uint64_t JobDrafter::id_of(std::string_view name, const HandlerDescription* known) const {
  if (known == nullptr) return wire::handler_id(name);
  return handler_ids_[static_cast<std::size_t>(known - facts_.handlers.data())];
}

std::optional<Refusal> JobDrafter::draft(std::string_view handler, const PlacedRequest& request,
                                         const Arguments& arguments, const SubmitOptions& options,
                                         JobDraft& draft) const {
  std::vector<ArgumentView> views;
  for (const Argument& one : arguments) views.push_back({one.key, one.value});
  wire::SubmitWish wish;
  wish.handler = handler;
  wish.arguments = views;
  wish.request_bytes = request.bytes;
  // Request and arguments each begin on a cache line.
  wish.ring_room = shm::whole_lines(request.taken) + shm::whole_lines(encoded_size(arguments));
  wish.result_capacity = options.result_capacity;
  wish.run_timeout_ms = whole_ms(options.timeout);
  wish.queue_timeout_ms = whole_ms(options.queue_timeout);
  wire::SubmitTerms terms;
  if (auto refused = wire::check_submit(wish, limits_, terms)) [[unlikely]] {
    if (request.offset == shm::RequestRoom::kParcelOffset) refused = check_beside_ring(wish, terms);
    if (refused) return refusal_of(std::move(*refused));
  }

  if (auto refused = check_messages(options, terms.result_capacity)) return refused;
  fill(draft.job, request, terms, options);
  draft.job.handler = id_of(handler, terms.handler);
  draft.request_extent = request.extent;
  if (arguments.empty()) return std::nullopt;
  auto encoded = encode_arguments(arguments);
  if (!encoded) return Refusal{SubmitError::BadArguments, encoded.error().message};
  draft.arguments = std::move(*encoded);
  draft.job.arguments_bytes = static_cast<std::uint32_t>(draft.arguments.size());
  return std::nullopt;
}

std::optional<Refusal> JobDrafter::check_messages(const SubmitOptions& options, std::uint64_t result_capacity) const {
  if (options.messages == 0) return std::nullopt;
  if (options.messages > shm::kMostMessageRoom)
    return Refusal{SubmitError::BadOption, "room for messages of " + std::to_string(options.messages) +
                                               " bytes: the most is " + std::to_string(shm::kMostMessageRoom)};
  if (shm::reply_bytes(result_capacity, options.messages) <= limits_.result_bytes) return std::nullopt;
  return Refusal{SubmitError::TooLarge, "a result of " + std::to_string(result_capacity) + " bytes and messages of " +
                                            std::to_string(options.messages) + " do not fit the session's " +
                                            std::to_string(limits_.result_bytes) +
                                            " bytes for results; open it with more"};
}

// The rules for a request that lies in a parcel: its size is the daemon's business.
std::optional<wire::SubmitRefusal> JobDrafter::check_beside_ring(const wire::SubmitWish& wish,
                                                                 wire::SubmitTerms& terms) const {
  wire::SubmitLimits limits = limits_;
  limits.request_bytes = UINT64_MAX;
  return wire::check_submit(wish, limits, terms);
}

std::string JobDrafter::handler_named(std::uint64_t id) const {
  for (std::size_t at = 0; at < handler_ids_.size(); ++at) {
    if (handler_ids_[at] == id) return facts_.handlers[at].name;
  }
  return {};
}

}  // namespace ringmaster::client
