#include "daemon/jobs/message_jobs.h"

#include <chrono>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/plant.h"
#include "daemon/core/worker/ladder_words.h"
#include "daemon/jobs/session_cancel.h"
#include "daemon/jobs/submit_check.h"
#include "daemon/jobs/takeover.h"
#include "daemon/log/log.h"
#include "daemon/ports/same_pool.h"
#include "daemon/sessions/work_refusal.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kSweepEvery = std::chrono::seconds{1};

void tell(const JobAskerPtr& asker, JobAnswer answer) { asker->answer(std::move(answer)); }

RequestRefusal quota_refusal(const core::QuotaRefusal& refused) {
  return {RefusalCode::Quota, core::to_string(refused), refused.asked, refused.limit};
}

RequestRefusal no_such_pool(const DaemonPort& daemon, std::string_view name, core::Uid user) {
  return {RefusalCode::UnknownPool, daemon.pools().no_such(name, user)};
}

PoolTerms terms_of(const PoolPort& pool) {
  const config::PoolConfig& config = pool.config();
  return {config.name, pool.handlers(), config.queue_timeout, config.max_timeout, kShortestRunMs};
}

}  // namespace

MessageJobs::MessageJobs(EventLoop& loop, DaemonPort& daemon, Sessions& sessions)
    : loop_(loop),
      daemon_(daemon),
      sessions_(sessions),
      source_(loop, daemon, sessions,
              [this](std::uint32_t serial) {
                if (JobHome* home = placing_.find(serial)) look(*home);
              }),
      jobs_(daemon.ledger().delivered),
      placing_(daemon.ledger(), jobs_, source_),
      delivery_(daemon.ledger(), jobs_, sessions.quota(),
                [&sessions](std::uint32_t serial, std::uint32_t seq, std::uint64_t bytes) {
                  return sessions.open_spilled(serial, seq, bytes);
                }) {}

MessageJobs::~MessageJobs() {
  if (sweep_timer_) loop_.cancel(*sweep_timer_);
}

void MessageJobs::submit(const Peer& peer, SubmitRequest request, const JobAskerPtr& asker) {
  if (auto refused = check_cookie(request.cookie)) return tell(asker, *refused);
  // The same cookie means the same job, so a client that lost its connection cannot run it twice.
  if (MessageJob* known = jobs_.find(peer.uid, request.cookie)) return delivery_.answer(*known, asker, request.wait);
  if (const JobOutcome* left = left_.shown_to({.uid = peer.uid}, 0, request.cookie)) return tell(asker, *left);
  PoolPort* pool = daemon_.pools().named(request.pool, peer.uid);
  if (pool == nullptr) return tell(asker, no_such_pool(daemon_, request.pool, peer.uid));
  if (auto refused = check_payload(request.payload.size())) return tell(asker, *refused);
  // Charged before it waits for anything: a waiting request uses memory too.
  auto charge = std::make_shared<JobCharge>(sessions_.quota(), peer.uid);
  auto refused = charge->take_job(loop_.now());
  if (!refused) refused = charge->take_bytes(core::Bytes{request.payload.size()});
  if (refused) return tell(asker, quota_refusal(*refused));
  if (pool->handlers_known()) return submit_known(peer, *pool, request, std::move(charge), asker);
  // The pool's handlers are not known until its first worker is ready.
  pool->when_handlers_known([this, peer, waited_for = SamePool(daemon_, *pool), request = std::move(request), asker,
                             charge = std::move(charge)] {
    if (MessageJob* known = jobs_.find(peer.uid, request.cookie)) return delivery_.answer(*known, asker, request.wait);
    if (PoolPort* there = waited_for.find()) return submit_known(peer, *there, request, charge, asker);
    tell(asker, no_such_pool(daemon_, request.pool, peer.uid));
  });
}

void MessageJobs::submit_known(const Peer& peer, PoolPort& pool, const SubmitRequest& request, Charge charge,
                               const JobAskerPtr& asker) {
  auto job = accept(peer, pool, request, std::move(charge));
  if (!job) return tell(asker, job.error());
  delivery_.answer(**job, asker, request.wait);
}

OrRefusal<MessageJob*> MessageJobs::accept(const Peer& peer, PoolPort& pool, const SubmitRequest& request,
                                           Charge charge) {
  if (auto refused = work_refusal(daemon_, pool, peer.uid)) return *refused;
  if (planted(Plant::RefuseFull, 10)) return RequestRefusal{RefusalCode::QueueFull, "planted"};
  auto checked = check_job(request, peer.uid, terms_of(pool));
  if (!checked) return checked.error();
  checked->descriptor.submitted_ns = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
  const core::Bytes more{checked->arguments.size() + checked->result_capacity};
  if (const auto refused = charge->take_bytes(more)) return quota_refusal(*refused);
  return commit(peer.uid, pool, request, *checked, std::move(charge));
}

OrRefusal<MessageJob*> MessageJobs::commit(std::uint32_t uid, PoolPort& pool, const SubmitRequest& request,
                                           const CheckedJob& checked, Charge charge) {
  const auto placed = placing_.place(pool.index(), uid,
                                     {checked.descriptor, request.payload, checked.arguments, checked.result_capacity});
  if (!placed) {
    RequestRefusal refused = refusal_of(placed.error(), pool.config().name);
    if (refused.code == RefusalCode::QueueFull) ++shm::tally_of(daemon_.ledger().pools[pool.index()]).queue_full;
    return refused;
  }
  MessageJob job;
  job.id = shm::make_job_id(placed->home->session().serial, placed->place.seq);
  job.uid = uid;
  job.cookie = request.cookie;
  job.home = placed->home;
  job.place = placed->place;
  job.result_capacity = checked.result_capacity;
  job.submitted_ns = checked.descriptor.submitted_ns;
  job.queue_timeout_ms = checked.descriptor.queue_timeout_ms;
  job.bytes = core::Bytes{request.payload.size() + checked.arguments.size() + checked.result_capacity};
  job.charge = std::move(charge);
  return &jobs_.add(std::move(job));
}

void MessageJobs::fetch(const Peer& peer, const FetchRequest& request, const JobAskerPtr& asker) {
  MessageJob* job = jobs_.shown_to(peer, request.job_id, request.cookie);
  if (job != nullptr) return delivery_.answer(*job, asker, request.wait);
  const JobOutcome* left = left_.shown_to(peer, request.job_id, request.cookie);
  tell(asker, left != nullptr ? JobAnswer(*left) : JobAnswer(unknown_job()));
}

void MessageJobs::cancel(const Peer& peer, const CancelRequest& request, const JobAskerPtr& asker) {
  if (request.force && request.force->grace > core::kLongestForcedGrace) {
    return tell(asker, RequestRefusal{RefusalCode::BadArgument,
                                      "a forced cancel with a grace of " + core::to_string(*request.force->grace) +
                                          ": at most " + core::to_string(core::kLongestForcedGrace)});
  }
  MessageJob* job = request.job_id != 0 ? jobs_.find(request.job_id) : jobs_.find(peer.uid, request.cookie);
  if (job == nullptr && left_.shown_to(peer, request.job_id, request.cookie) != nullptr) {
    return tell(asker, JobCancelled{false, true});
  }
  if (job == nullptr) {
    auto cancelled = cancel_in_session(daemon_, sessions_, peer, request);
    return tell(asker, cancelled ? JobAnswer(*cancelled) : JobAnswer(cancelled.error()));
  }
  if (!peer.admin && job->uid != peer.uid) return tell(asker, nothing_to_cancel(job->id));
  if (job->end) return tell(asker, JobCancelled{false, true});
  const PoolPort* pool = daemon_.pools().numbered(job->home->session().pool);
  const auto grace = pool != nullptr ? grace_of(request.force, *pool) : std::nullopt;
  const bool was_queued = job->home->cancel(job->place.slot, job->place.seq, grace);
  tell(asker, JobCancelled{was_queued, false, was_queued ? std::nullopt : grace});
}

void MessageJobs::take_over(Session& session) {
  const std::uint32_t serial = session.serial;
  std::vector<MessageJob> found = jobs_left_in(session, daemon_.ledger().delivered);
  // It has no job that anybody could ask for: ends now.
  if (found.empty()) return source_.close(session.index, serial);
  auto opened = source_.take_over(session);
  if (!opened) {
    log_error("jobs that came as messages are lost", {{"session", serial}, {"error", opened.error().message}});
    return source_.close(session.index, serial);
  }
  JobHome& home = placing_.take_over(std::move(*opened));
  log_info("took over jobs that came as messages",
           {{"session", serial}, {"pool", session.pool_name}, {"jobs", found.size()}});
  for (MessageJob& job : found) {
    job.home = &home;
    if (!job.delivered) job.charge = delivery_.charge_again(job);
    jobs_.add(std::move(job));
  }
  look(home);
  arm_sweep();
}

// The session ends although we did not close it: with its pool, or the daemon. Answers those who wait.
void MessageJobs::session_gone(std::uint32_t serial) {
  if (JobHome* home = placing_.find(serial)) {
    look(*home);
    for (const std::uint64_t id : jobs_.in_session(serial)) {
      MessageJob& job = *jobs_.find(id);
      delivery_.deliver_last(job);
      if (job.end && !job.settled) leave(job);
      jobs_.forget(id);
    }
  }
  placing_.gone(serial);
}

void MessageJobs::leave(const MessageJob& job) {
  auto charge = std::make_shared<JobCharge>(sessions_.quota(), job.uid);
  charge->charge_accepted({});
  left_.keep({job.uid, job.cookie, without_result(delivery_.outcome_of(job)), job.ended_at, std::move(charge)});
  arm_sweep();
}

void MessageJobs::look() {
  placing_.for_each([this](JobHome& home) { look(home); });
}

void MessageJobs::look(JobHome& home) {
  const std::uint32_t serial = home.session().serial;
  if (home.own()) {
    for (const JobHome::Ended& ended : home.collect()) {
      MessageJob* job = jobs_.find(shm::make_job_id(serial, ended.word.seq()));
      RM_CHECK(job != nullptr && job->place.slot == ended.slot, "slot %u", ended.slot);
      end(*job, ended.word);
    }
    return;
  }
  for (const std::uint64_t id : jobs_.in_session(serial)) {
    MessageJob& job = *jobs_.find(id);
    if (job.end) continue;
    if (const auto word = home.terminal(job.place.slot, job.place.seq)) end(job, *word);
  }
}

void MessageJobs::end(MessageJob& job, shm::SlotWord word) {
  job.end = word;
  job.ended_at = loop_.now();
  job.home->ended(job.place);
  delivery_.ended(job);
  arm_sweep();
}

void MessageJobs::all_read(std::uint64_t connection) {
  if (delivery_.all_read(connection)) placing_.close_idle();
}

void MessageJobs::arm_sweep() {
  if (!sweep_timer_) sweep_timer_ = loop_.after(kSweepEvery, [this] { sweep(); });
}

void MessageJobs::sweep() {
  sweep_timer_.reset();
  const bool any_ended = jobs_.any_ended();
  for (const std::uint64_t id : jobs_.expired(loop_.now())) jobs_.drop(id);
  left_.expire(loop_.now());
  placing_.close_idle();
  if (any_ended || !left_.empty()) arm_sweep();
}

}  // namespace ringmaster::daemon
