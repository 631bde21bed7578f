#include "client/control/explain.h"

namespace ringmaster::client {

namespace v1 = control::v1;

namespace {

// The daemon's wait ends this much earlier than ours, so that its answer arrives in time.
constexpr Duration kAnswerTime = std::chrono::milliseconds(100);

void take(std::string& into, std::string* from) {
  if (!from->empty()) into = std::move(*from);
}

}  // namespace

void explain(Outcome& outcome, ControlLink& link, Duration limit) {
  if (!outcome.took_its_worker() || outcome.facts_.job_id == 0) return;
  v1::Request request;
  v1::GetStack& wanted = *request.mutable_get_stack();
  wanted.set_job_id(outcome.facts_.job_id);
  wanted.set_wait_ms(static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()));
  auto answer = link.ask_soon(std::move(request), limit + kAnswerTime);
  if (!answer || answer->reply.body_case() != v1::Reply::kStack) return;
  v1::Stack& stack = *answer->reply.mutable_stack();
  OutcomeFacts& facts = outcome.facts_;
  take(facts.stack, stack.mutable_stack());
  take(facts.worker, stack.mutable_worker());
  take(facts.handler, stack.mutable_handler());
  take(facts.what, stack.mutable_what());
  take(facts.core, stack.mutable_core());
}

}  // namespace ringmaster::client
