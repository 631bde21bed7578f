#include "daemon/jobs/message_jobs.h"

#include <algorithm>

#include "base/check.h"
#include "base/plant.h"
#include "base/text.h"
#include "daemon/jobs/death_report.h"
#include "daemon/jobs/job_outcome.h"
#include "daemon/log/log.h"
#include "daemon/sessions/work_refusal.h"
#include "proto/control_convert.h"
#include "proto/handler_id.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

constexpr core::Duration kSweepEvery = std::chrono::seconds{1};
constexpr std::uint64_t kMaxPayload = std::uint64_t{1} << 20;

void refuse(const Responder& respond, v1::ErrorCode code, std::string why, std::uint64_t needed = 0,
            std::uint64_t limit = 0) {
  v1::Reply reply = error_reply(0, code, std::move(why));
  reply.mutable_error()->set_needed(needed);
  reply.mutable_error()->set_limit(limit);
  respond(std::move(reply), {});
}

void refuse_payload(const Responder& respond, std::uint64_t bytes, std::uint64_t limit) {
  refuse(respond, v1::ERROR_TOO_LARGE,
         "a payload of " + std::to_string(bytes) + " bytes, at most " + std::to_string(limit) +
             " go in a message; use a session for more",
         bytes, limit);
}

std::uint64_t since_boot(core::TimePoint now) { return static_cast<std::uint64_t>(now.time_since_epoch().count()); }

void refuse_unknown(const Responder& respond) {
  refuse(respond, v1::ERROR_UNKNOWN_JOB,
         "no such job: it was never accepted, it ended more than 60 s ago, or another daemon took it; if it is "
         "idempotent, submit it again");
}

const HandlerDescription* handler_named(const PoolGate& pool, std::string_view name) {
  const auto handlers = pool.handlers();
  const auto at = std::find_if(handlers.begin(), handlers.end(), [&](const auto& one) { return one.name == name; });
  return at == handlers.end() ? nullptr : &*at;
}

Result<std::vector<std::byte>> arguments_of(const v1::Submit& request, const HandlerDescription& handler) {
  std::vector<Argument> arguments;
  for (const v1::Argument& argument : request.arguments()) arguments.push_back({argument.key(), argument.value()});
  auto encoded = encode_arguments(arguments);
  if (!encoded) return encoded;
  std::vector<ArgumentView> views;
  for (const Argument& argument : arguments) views.push_back({argument.key, argument.value});
  if (auto checked = check_arguments(handler, views); !checked) return checked.error();
  return encoded;
}

std::string unknown_handler(const PoolGate& pool, std::string_view name) {
  std::string text = "pool \"" + pool.config().name + "\" has no handler \"" + clean_text(name, 64) + "\"; it has";
  for (const HandlerDescription& one : pool.handlers()) text += " " + one.name;
  return text;
}

// Ends that only the supervisor writes, over a dead worker.
bool took_its_worker(Cause cause) {
  return cause == Cause::CrashedSignal || cause == Cause::CrashedExit || cause == Cause::OutOfMemory ||
         cause == Cause::Poisoned || cause == Cause::RunTimeout;
}

}  // namespace

MessageJobs::MessageJobs(EventLoop& loop, DaemonGate& daemon, SessionDesk& sessions)
    : loop_(loop), daemon_(daemon), sessions_(sessions) {
  sessions_.on_internal_gone([this](std::uint32_t serial) { home_gone(serial); });
}

MessageJobs::~MessageJobs() {
  sessions_.on_internal_gone(nullptr);
  if (sweep_timer_) loop_.cancel(*sweep_timer_);
}

void MessageJobs::submit(const Peer& peer, const v1::Submit& request, Responder respond) {
  const Cookie cookie{request.cookie_high(), request.cookie_low()};
  if (cookie == Cookie{}) return refuse(respond, v1::ERROR_BAD_REQUEST, "a submit needs a cookie that is not 0");
  // The same cookie again is the same job: a client that lost its connection cannot run it twice.
  if (Job* known = job_of(peer, 0, cookie)) return answer(*known, respond, request.wait());
  PoolGate* pool = daemon_.pools().named(request.pool());
  if (pool == nullptr) return refuse(respond, v1::ERROR_UNKNOWN_POOL, daemon_.pools().no_such(request.pool()));
  if (request.payload().size() > kMaxPayload) return refuse_payload(respond, request.payload().size(), kMaxPayload);
  // On the account before it waits for anything: what waits is held in memory too.
  auto charge = std::make_shared<JobCharge>(sessions_.quota(), peer.uid);
  auto refused = charge->take_job(loop_.now());
  if (!refused) refused = charge->take_bytes(core::Bytes{request.payload().size()});
  if (refused) return refuse(respond, v1::ERROR_QUOTA, to_string(*refused), refused->asked, refused->limit);
  if (pool->handlers_known()) return do_submit(peer, *pool, request, std::move(charge), respond);
  // Until its first worker has been ready nobody can say which handlers there are.
  pool->when_handlers_known([this, peer, pool, request, respond, charge] {
    if (Job* known = job_of(peer, 0, {request.cookie_high(), request.cookie_low()})) {
      return answer(*known, respond, request.wait());
    }
    do_submit(peer, *pool, request, charge, respond);
  });
}

void MessageJobs::do_submit(const Peer& peer, PoolGate& pool, const v1::Submit& request,
                            std::shared_ptr<JobCharge> charge, const Responder& respond) {
  if (auto refused = work_refusal(daemon_, pool, peer.uid))
    return refuse(respond, static_cast<v1::ErrorCode>(refused->code), refused->why);
  if (planted(Plant::RefuseFull, 10)) return refuse(respond, v1::ERROR_QUEUE_FULL, "planted");
  const HandlerDescription* handler = handler_named(pool, request.handler());
  if (handler == nullptr) return refuse(respond, v1::ERROR_UNKNOWN_HANDLER, unknown_handler(pool, request.handler()));
  const auto arguments = arguments_of(request, *handler);
  if (!arguments) return refuse(respond, v1::ERROR_BAD_ARGUMENT, arguments.error().message);
  const std::uint64_t limit =
      handler->max_request_bytes != 0 ? std::min(handler->max_request_bytes, kMaxPayload) : kMaxPayload;
  if (request.payload().size() > limit) return refuse_payload(respond, request.payload().size(), limit);
  if (request.result_capacity() > kMaxPayload) {
    return refuse(respond, v1::ERROR_TOO_LARGE,
                  "room for a result of " + std::to_string(request.result_capacity()) + " bytes, at most " +
                      std::to_string(kMaxPayload) + " go in a message; use a session for more",
                  request.result_capacity(), kMaxPayload);
  }
  if (request.run_timeout_ms() != 0 && request.run_timeout_ms() < kShortestRunMs) {
    return refuse(respond, v1::ERROR_BAD_REQUEST, "a run deadline below 10 ms cannot be kept; ask for at least 10 ms");
  }
  const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(pool.config().max_deadline).count();
  if (request.run_timeout_ms() > static_cast<std::uint64_t>(longest) || request.queue_timeout_ms() > 0xFFFFFFFFU) {
    return refuse(respond, v1::ERROR_BAD_REQUEST,
                  "a deadline is longer than max_deadline of pool \"" + pool.config().name + "\" (" +
                      core::to_string(pool.config().max_deadline) + ")");
  }
  const auto queue_default =
      std::chrono::duration_cast<std::chrono::milliseconds>(pool.config().queue_deadline).count();
  JobDescriptor descriptor{};
  descriptor.flags = request.idempotent() ? kJobIdempotent : 0;
  descriptor.handler = handler_id(handler->name);
  descriptor.submitted_ns = since_boot(loop_.now());
  descriptor.queue_timeout_ms = static_cast<std::uint32_t>(
      request.queue_timeout_ms() != 0 ? request.queue_timeout_ms() : static_cast<std::uint64_t>(queue_default));
  descriptor.run_timeout_ms = static_cast<std::uint32_t>(request.run_timeout_ms());
  descriptor.cookie[0] = request.cookie_high();
  descriptor.cookie[1] = request.cookie_low();
  descriptor.submitter = std::uint64_t{peer.uid} + 1;
  const std::uint64_t capacity = request.result_capacity() != 0
                                     ? request.result_capacity()
                                     : std::min(default_result_bytes(*handler, request.payload().size()), kMaxPayload);
  if (const auto refused = charge->take_bytes(core::Bytes{arguments->size() + capacity})) {
    return refuse(respond, v1::ERROR_QUOTA, to_string(*refused), refused->asked, refused->limit);
  }
  Error why{"", v1::ERROR_QUEUE_FULL};
  const auto placed = place(pool, peer.uid, {descriptor, request.payload(), *arguments, capacity}, why);
  if (!placed) {
    if (why.code == v1::ERROR_QUEUE_FULL) ++tally_of(daemon_.ledger().pools[pool.index()]).queue_full;
    return refuse(respond, static_cast<v1::ErrorCode>(why.code), std::move(why.message));
  }
  Job job;
  job.id = make_job_id(placed->home->session().serial, placed->place.seq);
  job.uid = peer.uid;
  job.cookie = {descriptor.cookie[0], descriptor.cookie[1]};
  job.home = placed->home;
  job.place = placed->place;
  job.result_capacity = capacity;
  job.submitted_ns = descriptor.submitted_ns;
  job.charge = std::move(charge);
  by_cookie_[{job.uid, job.cookie}] = job.id;
  Job& kept = jobs_[job.id] = std::move(job);
  answer(kept, respond, request.wait());
}

void MessageJobs::fetch(const Peer& peer, const v1::Fetch& request, Responder respond) {
  Job* job = job_of(peer, request.job_id(), {request.cookie_high(), request.cookie_low()});
  if (job == nullptr) return refuse_unknown(respond);
  answer(*job, respond, request.wait());
}

MessageJobs::Job* MessageJobs::job_of(const Peer& peer, std::uint64_t id, const Cookie& cookie) {
  if (id == 0) {
    const auto known = by_cookie_.find({peer.uid, cookie});
    if (known == by_cookie_.end()) return nullptr;
    id = known->second;
  }
  const auto at = jobs_.find(id);
  if (at == jobs_.end()) return nullptr;
  Job& job = at->second;
  if (peer.admin) return &job;
  return job.uid == peer.uid && job.cookie == cookie ? &job : nullptr;
}

void MessageJobs::answer(Job& job, const Responder& respond, bool wait) {
  if (job.end) return deliver(job, respond);
  if (wait) {
    if (waiters_.add(job.id, respond)) return;
    return refuse(respond, v1::ERROR_BUSY,
                  std::to_string(JobWaiters::kMostPerJob) + " requests wait for job " + std::to_string(job.id) +
                      "; fetch it without wait, or again when some have been answered");
  }
  v1::Reply reply;
  reply.mutable_accepted()->set_job_id(job.id);
  respond(std::move(reply), {});
}

// In a turn of the one who waits: each gets a copy of the result, and there may be many of them.
void MessageJobs::deliver_when_room(Job& job, const Responder& respond) {
  const auto due = std::make_shared<Responder>(respond);
  job.due.push_back(due);
  respond.when_room([this, id = job.id, due] {
    if (const auto at = jobs_.find(id); at != jobs_.end()) return deliver(at->second, *due);
    refuse_unknown(*due);
  });
}

void MessageJobs::deliver(Job& job, const Responder& respond) {
  if (!respond.alive()) return;
  v1::Reply reply;
  const Session& session = job.home->session();
  JobFacts facts{job.id, job.place.slot, job.place.seq, job.place.result.offset, job.result_capacity, job.submitted_ns};
  facts.ended_ns = since_boot(job.ended_at);
  facts.queue_timeout_ms = session.request.descriptor(job.place.slot).queue_timeout_ms;
  if (planted(Plant::OutcomeForeign) && facts.result_offset >= kCacheLine) facts.result_offset -= kCacheLine;
  fill_outcome(session.reply, facts, *job.end, *reply.mutable_outcome());
  if (took_its_worker(job.end->cause())) {
    fill_death(daemon_.ledger(), job.id, *reply.mutable_outcome());
  }
  if (planted(Plant::OutcomeTwice)) respond(v1::Reply(reply), {});
  if (!respond(std::move(reply), {})) return;
  job.delivered = true;
  deliveries_.give(respond.connection(), job.id);
  mark_delivered(daemon_.ledger().delivered, session.serial, job.place.slot);
  job.charge.reset();
}

void MessageJobs::look(MessageSession& home) {
  if (home.own()) {
    for (const MessageSession::Ended& ended : home.collect()) {
      const auto at = jobs_.find(make_job_id(home.session().serial, ended.word.seq()));
      RM_CHECK(at != jobs_.end() && at->second.place.slot == ended.slot, "slot %u", ended.slot);
      end(at->second, ended.word);
    }
    return;
  }
  for (auto& [id, job] : jobs_) {
    if (job.home != &home || job.end) continue;
    if (const auto word = home.terminal(job.place.slot, job.place.seq)) end(job, *word);
  }
}

void MessageJobs::look() {
  for (auto& [serial, home] : homes_) look(*home);
}

void MessageJobs::end(Job& job, SlotWord word) {
  job.end = word;
  job.ended_at = loop_.now();
  job.home->ended(job.place);
  for (const Responder& respond : waiters_.take(job.id)) deliver_when_room(job, respond);
  if (!sweep_timer_) sweep_timer_ = loop_.after(kSweepEvery, [this] { sweep(); });
}

void MessageJobs::drop(std::uint64_t id) {
  const auto at = jobs_.find(id);
  Job& job = at->second;
  clear_delivered(daemon_.ledger().delivered, job.home->session().serial, job.place.slot);
  job.home->release(job.place);
  by_cookie_.erase({job.uid, job.cookie});
  jobs_.erase(at);
}

std::size_t MessageJobs::unfinished() const {
  return static_cast<std::size_t>(
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& one) { return !one.second.end.has_value(); }));
}

}  // namespace ringmaster
