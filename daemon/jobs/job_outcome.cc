#include "daemon/jobs/job_outcome.h"

#include <string>

#include "base/text.h"
#include "daemon/core/worker/death.h"
#include "shm/job_end.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

// For an end of which no worker has said anything.
std::string sentence(const JobEnd& end) {
  switch (end.cause) {
    case Cause::Completed:
      return {};
    case Cause::Application:
      return "the handler failed without a message";
    case Cause::Invalid:
      return "the worker refused the request";
    case Cause::TooLarge:
      return "the result needs " + std::to_string(end.needed_bytes) + " bytes of room";
    case Cause::UnknownHandler:
      return "the pool's workers have no such handler";
    case Cause::QueueTimeout:
      return "no worker was free before the queue deadline";
    case Cause::RunTimeout:
      return "the worker was killed at the run deadline";
    case Cause::CrashedSignal:
      return "the worker died by " + core::signal_name(end.detail);
    case Cause::CrashedExit:
      return "the worker exited with status " + std::to_string(end.detail);
    case Cause::OutOfMemory:
      return "the worker was killed for the memory it used";
    case Cause::Cancelled:
      return "cancelled";
    case Cause::Lost:
      return "the daemon shut down or lost its state";
    case Cause::Poisoned:
      return "set aside: it killed its worker too often, last by " + core::signal_name(end.detail);
    case Cause::ProtocolViolation:
      return "shared memory contradicted itself";
    case Cause::Refused:
      return "the pool takes no new work";
    case Cause::None:
      break;
  }
  return "ended without a cause";
}

}  // namespace

v1::OutcomeKind kind_of(Status status) {
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
    case Status::Rejected:
      return v1::OUTCOME_REJECTED;
    case Status::Lost:
      break;
  }
  return v1::OUTCOME_LOST;
}

void fill_outcome(const ReplyView& reply, const JobFacts& facts, SlotWord word, v1::Outcome& outcome) {
  const JobEnd end =
      read_end(reply.line(facts.slot), word,
               {facts.seq, facts.queue_timeout_ms, facts.submitted_ns, facts.result_capacity}, facts.ended_ns);
  outcome.set_job_id(facts.job_id);
  outcome.set_kind(kind_of(end.status));
  outcome.set_cause(static_cast<std::uint32_t>(end.cause));
  outcome.set_cause_name(std::string(to_string(end.cause)));
  outcome.set_detail(end.detail);
  outcome.set_attempt(end.attempts);
  outcome.set_queued_ns(end.queued_ns);
  outcome.set_run_ns(end.run_ns);
  outcome.set_needed_bytes(end.needed_bytes);
  if (end.result_bytes != 0) outcome.set_result(reply.ring() + facts.result_offset, end.result_bytes);
  if (end.impossible) {
    outcome.set_message(std::string(kImpossibleEnd));
  } else if (end.message_bytes != 0) {
    outcome.set_message(clean_text({reply.message(facts.slot).text, end.message_bytes}));
  } else {
    outcome.set_message(sentence(end));
  }
}

}  // namespace ringmaster
