#include "daemon/jobs/outcome_delivery.h"

#include <string>

#include "base/plant.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {

RequestRefusal unknown_job() {
  return {RefusalCode::UnknownJob,
          "no such job: it was never accepted, it ended more than 60 s ago, or another daemon took it; if it is "
          "idempotent, submit it again"};
}

void OutcomeDelivery::answer(MessageJob& job, const JobAskerPtr& asker, bool wait) {
  if (job.end) return deliver(job, *asker);
  if (!wait) {
    asker->answer(JobAccepted{job.id});
  } else if (!waiters_.add(job.id, asker)) {
    asker->answer(
        RequestRefusal{RefusalCode::Busy, std::to_string(JobWaiters::kMostPerJob) + " requests wait for job " +
                                              std::to_string(job.id) +
                                              "; fetch it without wait, or again when some have been answered"});
  }
}

void OutcomeDelivery::ended(MessageJob& job) {
  for (const JobAskerPtr& asker : waiters_.take(job.id)) deliver_when_room(job, asker);
}

// Waits for a turn of the asker's connection: each asker gets a copy of the result, and there may be many.
void OutcomeDelivery::deliver_when_room(MessageJob& job, const JobAskerPtr& asker) {
  job.due.push_back(asker);
  asker->when_room([this, id = job.id, asker] {
    if (MessageJob* due = jobs_.find(id)) return deliver(*due, *asker);
    asker->answer(unknown_job());
  });
}

void OutcomeDelivery::deliver_last(MessageJob& job) {
  for (const auto& due : job.due) {
    if (const JobAskerPtr asker = due.lock()) deliver(job, *asker);
  }
}

void OutcomeDelivery::deliver(MessageJob& job, JobAsker& asker) {
  if (!asker.alive()) return;
  JobOutcome outcome = outcome_of(job);
  if (planted(Plant::OutcomeTwice)) asker.answer(JobOutcome(outcome));
  if (!asker.answer(std::move(outcome))) return;
  job.delivered = true;
  deliveries_.give(asker.connection(), job.id);
  shm::mark_delivered(ledger_.delivered, job.serial(), job.place.slot);
  job.charge.reset();
}

JobOutcome OutcomeDelivery::outcome_of(const MessageJob& job) {
  JobFacts facts{job.id, job.place.slot, job.place.seq, job.place.result.offset, job.result_capacity, job.submitted_ns};
  facts.ended_ns = static_cast<std::uint64_t>(job.ended_at.time_since_epoch().count());
  facts.queue_timeout_ms = job.queue_timeout_ms;
  if (planted(Plant::OutcomeForeign) && facts.result_offset >= shm::kCacheLine) facts.result_offset -= shm::kCacheLine;
  JobOutcome outcome = read_outcome(job.home->session().reply, facts, *job.end);
  if (outcome.spilled_bytes != 0) add_spilled(job, outcome);
  if (took_its_worker(job.end->cause())) outcome.death = death_of(ledger_, job.id);
  return outcome;
}

// Once the outcome has been read, such a result is not kept.
void OutcomeDelivery::add_spilled(const MessageJob& job, JobOutcome& outcome) const {
  auto file = open_spilled_(job.serial(), job.place.seq, outcome.spilled_bytes);
  if (file) {
    outcome.spilled = std::make_shared<UniqueFd>(std::move(*file));
    return;
  }
  outcome.status = Status::Lost;
  outcome.cause = Cause::Lost;
  outcome.message = "its result of " + std::to_string(std::exchange(outcome.spilled_bytes, 0)) +
                    " bytes cannot be had: " + file.error().message;
}

bool OutcomeDelivery::all_read(std::uint64_t connection) {
  bool dropped = false;
  for (const std::uint64_t id : deliveries_.read(connection)) dropped = settle(id) || dropped;
  return dropped;
}

void OutcomeDelivery::connection_closed(std::uint64_t connection) {
  waiters_.drop(connection);
  for (const std::uint64_t id : deliveries_.lose(connection)) undeliver(id);
}

// The outcome must be kept for the next request for it, and its uid is charged until then. A predecessor's session
// keeps all its outcomes anyway.
void OutcomeDelivery::undeliver(std::uint64_t id) {
  MessageJob* job = jobs_.find(id);
  if (job == nullptr || job->settled || !job->delivered) return;
  job->delivered = false;
  shm::clear_delivered(ledger_.delivered, job->serial(), job->place.slot);
  job->charge = charge_again(*job);
}

// A successor need not keep the outcome. In a predecessor's session the job is dropped, because the session ends with
// its last job.
bool OutcomeDelivery::settle(std::uint64_t id) {
  MessageJob* job = jobs_.find(id);
  // Other requests still wait for it: the last of them settles it.
  if (job == nullptr || job->is_due()) return false;
  job->settled = true;
  job->home->settle(job->place);
  if (job->home->own()) return false;
  jobs_.drop(id);
  return true;
}

std::shared_ptr<JobCharge> OutcomeDelivery::charge_again(const MessageJob& job) {
  auto charge = std::make_shared<JobCharge>(quota_, job.uid);
  charge->charge_accepted(job.bytes);
  return charge;
}

}  // namespace ringmaster::daemon
