#include "daemon/jobs/job_outcome.h"

#include <string>

#include "base/text.h"
#include "daemon/core/worker/death.h"
#include "shm/job_end.h"

namespace ringmaster::daemon {
namespace {

// The message for an end that has none from a worker.
std::string sentence(const shm::JobEnd& end) {
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
    case Cause::CancelledByForce:
      return "cancelled by force";
    case Cause::Lost:
      return "the daemon shut down or lost its state";
    case Cause::Poisoned:
      return "set aside: it killed its worker too often, last " +
             (end.detail < kExitDetail ? "by " + core::signal_name(end.detail)
                                       : "with status " + std::to_string(end.detail - kExitDetail));
    case Cause::ProtocolViolation:
      return "shared memory contradicted itself";
    case Cause::Refused:
      return "the pool takes no new work";
    case Cause::PoolRemoved:
      return end.told ? "its pool was removed while a worker ran it" : "its pool was removed before a worker took it";
    case Cause::None:
      break;
  }
  return "ended without a cause";
}

}  // namespace

JobOutcome read_outcome(const shm::ReplyView& reply, const JobFacts& facts, shm::SlotWord word) {
  const shm::JobEnd end =
      shm::read_end(reply.line(facts.slot), word,
                    {facts.seq, facts.queue_timeout_ms, facts.submitted_ns, facts.result_capacity}, facts.ended_ns);
  JobOutcome outcome;
  outcome.job_id = facts.job_id;
  outcome.status = end.status;
  outcome.cause = end.cause;
  outcome.detail = end.detail;
  outcome.attempt = end.attempts;
  outcome.queued_ns = end.queued_ns;
  outcome.run_ns = end.run_ns;
  outcome.needed_bytes = end.needed_bytes;
  const auto* result = reinterpret_cast<const char*>(reply.ring() + facts.result_offset);
  if (end.spilled) {
    outcome.spilled_bytes = end.result_bytes;
  } else if (end.result_bytes != 0) {
    outcome.result.assign(result, end.result_bytes);
  }
  if (end.impossible) {
    outcome.message = shm::kImpossibleEnd;
  } else if (end.message_bytes != 0) {
    outcome.message = clean_text({reply.message(facts.slot).text, end.message_bytes});
  } else {
    outcome.message = sentence(end);
  }
  return outcome;
}

}  // namespace ringmaster::daemon
