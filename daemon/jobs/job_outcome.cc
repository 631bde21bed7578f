#include "daemon/jobs/job_outcome.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/text.h"
#include "daemon/core/worker/death.h"
#include "shm/job_end.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

std::string sentence(Cause cause, std::uint16_t detail, std::uint64_t needed) {
  switch (cause) {
    case Cause::Completed:
      return {};
    case Cause::Application:
      return "the handler failed without a message";
    case Cause::Invalid:
      return "the worker refused the request";
    case Cause::TooLarge:
      return "the result needs " + std::to_string(needed) + " bytes of room";
    case Cause::UnknownHandler:
      return "the pool's workers have no such handler";
    case Cause::QueueTimeout:
      return "no worker was free before the queue deadline";
    case Cause::RunTimeout:
      return "the worker was killed at the run deadline";
    case Cause::CrashedSignal:
      return "the worker died by " + core::signal_name(detail);
    case Cause::CrashedExit:
      return "the worker exited with status " + std::to_string(detail);
    case Cause::OutOfMemory:
      return "the worker was killed for the memory it used";
    case Cause::Cancelled:
      return "cancelled";
    case Cause::Lost:
      return "the daemon shut down or lost its state";
    case Cause::Poisoned:
      return "set aside: it killed its worker too often, last by " + core::signal_name(detail);
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

v1::OutcomeKind kind_of(Cause cause) {
  switch (cause) {
    case Cause::Completed:
      return v1::OUTCOME_DONE;
    case Cause::Application:
      return v1::OUTCOME_FAILED;
    case Cause::Invalid:
    case Cause::TooLarge:
    case Cause::UnknownHandler:
    case Cause::ProtocolViolation:
    case Cause::Refused:
      return v1::OUTCOME_REJECTED;
    case Cause::QueueTimeout:
    case Cause::RunTimeout:
      return v1::OUTCOME_TIMED_OUT;
    case Cause::CrashedSignal:
    case Cause::CrashedExit:
    case Cause::OutOfMemory:
    case Cause::Poisoned:
      return v1::OUTCOME_CRASHED;
    case Cause::Cancelled:
      return v1::OUTCOME_CANCELLED;
    case Cause::Lost:
    case Cause::None:
      break;
  }
  return v1::OUTCOME_LOST;
}

void fill_outcome(const ReplyView& reply, const JobFacts& facts, SlotWord word, v1::Outcome& outcome) {
  const Cause cause = word.cause();
  outcome.set_job_id(facts.job_id);
  outcome.set_kind(kind_of(cause));
  outcome.set_cause(static_cast<std::uint32_t>(cause));
  outcome.set_cause_name(std::string(to_string(cause)));
  outcome.set_detail(word.detail());

  // One private copy; the owner wrote it before it completed, but a worker is not believed.
  SlotLine& line = reply.line(facts.slot);
  const JobEnd end = read_end(line, word, {facts.seq, facts.queue_timeout_ms, facts.submitted_ns}, facts.ended_ns);
  const bool written = end.told;
  outcome.set_attempt(end.attempts);
  outcome.set_queued_ns(end.queued_ns);
  outcome.set_run_ns(end.run_ns);
  const std::uint64_t result_bytes = written ? line.result_bytes : 0;
  const std::uint64_t needed = written ? line.needed_bytes : 0;
  const std::uint32_t message_bytes = written ? line.message_bytes : 0;
  if (cause == Cause::TooLarge) outcome.set_needed_bytes(needed);

  if (cause == Cause::Completed) {
    if (!written || result_bytes > facts.result_capacity) {
      outcome.set_kind(v1::OUTCOME_FAILED);
      outcome.set_message("the worker wrote an impossible result; this is a defect of its handler");
      return;
    }
    outcome.set_result(reply.ring() + facts.result_offset, result_bytes);
    if (message_bytes > 0)
      outcome.set_message(
          clean_text({reply.message(facts.slot).text, std::min<std::size_t>(message_bytes, kMessageBytes)}));
    return;
  }
  if (cause == Cause::Application && result_bytes != 0 && result_bytes <= facts.result_capacity) {
    outcome.set_result(reply.ring() + facts.result_offset, result_bytes);
  }
  const bool has_message =
      message_bytes > 0 && (cause == Cause::Application || cause == Cause::Invalid || cause == Cause::Refused);
  outcome.set_message(
      has_message ? clean_text({reply.message(facts.slot).text, std::min<std::size_t>(message_bytes, kMessageBytes)})
                  : sentence(cause, word.detail(), needed));
}

}  // namespace ringmaster
