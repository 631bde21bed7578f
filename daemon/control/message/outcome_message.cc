#include "daemon/control/message/outcome_message.h"

#include <string>
#include <utility>

#include "base/overloaded.h"
#include "daemon/control/message/refusal_message.h"

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

std::uint32_t whole_ms(core::Duration time) {
  return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

template <typename Message>
void fill_death(WorkerDeath&& death, Message& message) {
  message.set_stack(std::move(death.stack));
  message.set_worker(std::move(death.worker));
  message.set_handler(std::move(death.handler));
  message.set_what(std::move(death.what));
  message.set_core(std::move(death.core));
}

v1::Stack stack_message(JobStack&& stack) {
  v1::Stack message;
  message.set_job_id(stack.job_id);
  fill_death(std::move(stack.death), message);
  message.set_full_stack(std::move(stack.full_stack));
  message.set_cause(std::move(stack.cause));
  return message;
}

}  // namespace

v1::OutcomeKind outcome_kind(Status status) {
  switch (status) {
    case Status::Done:
      return v1::OUTCOME_DONE;
    case Status::Failed:
      return v1::OUTCOME_FAILED;
    case Status::Crashed:
      return v1::OUTCOME_CRASHED;
    case Status::TimedOut:
      return v1::OUTCOME_TIMED_OUT;
    case Status::Cancelled:
      return v1::OUTCOME_CANCELLED;
    case Status::Refused:
      return v1::OUTCOME_REFUSED;
    case Status::Lost:
      break;
  }
  return v1::OUTCOME_LOST;
}

v1::Outcome outcome_message(JobOutcome outcome) {
  v1::Outcome message;
  message.set_job_id(outcome.job_id);
  message.set_kind(outcome_kind(outcome.status));
  message.set_cause(static_cast<std::uint32_t>(outcome.cause));
  message.set_cause_name(std::string(to_string(outcome.cause)));
  message.set_detail(outcome.detail);
  message.set_message(std::move(outcome.message));
  message.set_result(std::move(outcome.result));
  message.set_needed_bytes(outcome.needed_bytes);
  message.set_spilled_bytes(outcome.spilled_bytes);
  message.set_attempt(outcome.attempt);
  message.set_queued_ns(outcome.queued_ns);
  message.set_run_ns(outcome.run_ns);
  if (outcome.death) fill_death(std::move(*outcome.death), message);
  return message;
}

v1::Reply job_reply(JobAnswer answer) {
  v1::Reply reply;
  std::visit(Overloaded{
                 [&](JobAccepted& accepted) { reply.mutable_accepted()->set_job_id(accepted.job_id); },
                 [&](JobCancelled& cancelled) {
                   reply.mutable_cancelled()->set_was_queued(cancelled.was_queued);
                   reply.mutable_cancelled()->set_already_ended(cancelled.already_ended);
                   if (!cancelled.forced) return;
                   reply.mutable_cancelled()->set_forced(true);
                   reply.mutable_cancelled()->set_grace_ms(whole_ms(*cancelled.forced));
                 },
                 [&](JobOutcome& outcome) { *reply.mutable_outcome() = outcome_message(std::move(outcome)); },
                 [&](JobStack& stack) { *reply.mutable_stack() = stack_message(std::move(stack)); },
                 [&](RequestRefusal& refusal) { reply = refusal_message(refusal); },
             },
             answer);
  return reply;
}

}  // namespace ringmaster::daemon
