#include "client/control/explain.h"

namespace ringmaster::client {

namespace {

// The daemon's wait ends this much earlier than ours, so that its answer arrives in time.
constexpr Duration kAnswerTime = std::chrono::milliseconds(100);

void take(std::string& into, std::string& from) {
  if (!from.empty()) into = std::move(from);
}

}  // namespace

void explain(Outcome& outcome, ControlLink& link, Duration limit) {
  if (!outcome.took_its_worker() || outcome.facts_.job_id == 0) return;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  const StackRequest wanted{.job_id = outcome.facts_.job_id, .wait_ms = static_cast<std::uint32_t>(wait)};
  const auto answer = link.ask_soon(encode(wanted), limit + kAnswerTime);
  if (!answer || answer->reply.kind() != ReplyKind::Stack) return;
  auto stack = StackReply::read(answer->reply.body());
  if (!stack) return;
  OutcomeFacts& facts = outcome.facts_;
  take(facts.stack, stack->stack);
  take(facts.worker, stack->worker);
  take(facts.handler, stack->handler);
  take(facts.what, stack->what);
  take(facts.core, stack->core);
}

}  // namespace ringmaster::client
