#include "daemon/control/control_desk.h"

#include <memory>
#include <set>

#include "base/text.h"
#include "daemon/jobs/death_report.h"
#include "daemon/log/log.h"
#include "daemon/machine/memory_reserve.h"
#include "daemon/sessions/describe_pool.h"
#include "proto/control_convert.h"
#include "ringmaster_version.h"

namespace ringmaster {

namespace v1 = control::v1;

namespace {

void refuse(const Responder& respond, v1::ErrorCode code, std::string why) {
  respond(error_reply(0, code, std::move(why)), {});
}

void answer_done(const Responder& respond) {
  v1::Reply reply;
  reply.mutable_done();
  respond(std::move(reply), {});
}

// Other users' sessions and jobs are nobody's business but an administrator's, and a stack may show their data.
void hide_others(const Peer& peer, v1::Status& status) {
  auto& sessions = *status.mutable_sessions();
  std::set<std::uint64_t> own;
  for (int i = sessions.size(); i-- > 0;) {
    const v1::SessionStatus& session = sessions.Get(i);
    if (session.uid() == peer.uid) {
      own.insert(session.serial());
    } else {
      sessions.DeleteSubrange(i, 1);
    }
  }
  const auto visible = [&own](std::uint64_t job_id) { return own.contains(job_id >> 32) ? job_id : 0; };
  for (v1::PoolStatus& pool : *status.mutable_pools()) {
    for (v1::WorkerStatus& worker : *pool.mutable_workers()) {
      worker.set_current_job_id(visible(worker.current_job_id()));
      worker.clear_last_stack();
    }
    auto& charges = *pool.mutable_charges();
    for (int i = charges.size(); i-- > 0;) {
      if (charges.Get(i).uid() != peer.uid) charges.DeleteSubrange(i, 1);
    }
    for (v1::Incident& incident : *pool.mutable_incidents()) {
      incident.set_job_id(visible(incident.job_id()));
      incident.clear_stack();
      incident.clear_full_stack();
      incident.clear_core();
      incident.clear_what();
    }
  }
}

}  // namespace

ControlDesk::ControlDesk(EventLoop& loop, DaemonGate& daemon, SessionDesk& sessions, JobDesk& jobs)
    : loop_(loop), daemon_(daemon), sessions_(sessions), jobs_(jobs) {}

void ControlDesk::handle(const Peer& peer, const v1::Request& request, Responder respond) {
  if ((request.has_open_session() || request.has_submit()) && MemoryReserve::spent()) {
    return refuse(respond, v1::ERROR_NO_MEMORY, MemoryReserve::kRefusal);
  }
  switch (request.body_case()) {
    case v1::Request::kHello:
      return greet(peer, respond);
    case v1::Request::kOpenSession:
      return sessions_.open(peer, request.open_session(), std::move(respond));
    case v1::Request::kSessionMapped:
      return sessions_.mapped(peer, request.session_mapped().serial(), std::move(respond));
    case v1::Request::kResumeSession:
      return sessions_.resume(peer, request.resume_session(), std::move(respond));
    case v1::Request::kCloseSession:
      return sessions_.close(peer, request.close_session(), std::move(respond));
    case v1::Request::kSubmit:
      return jobs_.submit(peer, request.submit(), std::move(respond));
    case v1::Request::kFetch:
      return jobs_.fetch(peer, request.fetch(), std::move(respond));
    case v1::Request::kCancel:
      return jobs_.cancel(peer, request.cancel(), std::move(respond));
    case v1::Request::kListHandlers:
      return list_handlers(request.list_handlers().pool(), respond);
    case v1::Request::kGetStatus:
      return status(peer, respond);
    case v1::Request::kGetHealth:
      return health(respond);
    case v1::Request::kDrain:
      return drain(peer, request, respond);
    case v1::Request::kStop:
      return stop(peer, respond);
    case v1::Request::kGetStack:
      return answer_stack(daemon_, peer, request.get_stack(), respond);
    case v1::Request::BODY_NOT_SET:
      break;
  }
  refuse(respond, v1::ERROR_BAD_REQUEST, "a request of a kind that this daemon does not know; update it");
}

void ControlDesk::all_read(std::uint64_t connection) { jobs_.all_read(connection); }

void ControlDesk::connection_closed(std::uint64_t connection) {
  sessions_.connection_closed(connection);
  jobs_.connection_closed(connection);
}

void ControlDesk::greet(const Peer& peer, const Responder& respond) {
  v1::Reply reply;
  v1::HelloReply& hello = *reply.mutable_hello();
  hello.set_version(1);
  hello.set_daemon("ringmasterd " RINGMASTER_VERSION);
  hello.set_daemon_id(daemon_.daemon_id());
  hello.set_uid(peer.uid);
  hello.set_admin(peer.admin);
  respond(std::move(reply), {});
}

void ControlDesk::list_handlers(std::string_view name, const Responder& respond) {
  v1::Reply reply;
  v1::Handlers& handlers = *reply.mutable_handlers();
  PoolGate* unready = nullptr;
  for (PoolGate* pool : daemon_.pools()) {
    if (!name.empty() && pool->config().name != name) continue;
    describe_pool(*pool, *handlers.add_pools());
    if (!pool->handlers_known()) unready = pool;
  }
  if (handlers.pools().empty()) {
    return refuse(respond, v1::ERROR_UNKNOWN_POOL, "no pool \"" + clean_text(name, 64) + "\"");
  }
  if (unready == nullptr) {
    respond(std::move(reply), {});
    return;
  }
  // Right after the start: one look later, when the pool is ready or has given up for now.
  unready->when_handlers_known([this, wanted = std::string(name), respond] {
    v1::Reply later;
    for (PoolGate* pool : daemon_.pools()) {
      if (wanted.empty() || pool->config().name == wanted) describe_pool(*pool, *later.mutable_handlers()->add_pools());
    }
    respond(std::move(later), {});
  });
}

void ControlDesk::health(const Responder& respond) {
  v1::Reply reply;
  daemon_.fill_health(*reply.mutable_health());
  respond(std::move(reply), {});
}

void ControlDesk::status(const Peer& peer, const Responder& respond) {
  v1::Reply reply;
  v1::Status& status = *reply.mutable_status();
  status.set_version(RINGMASTER_VERSION);
  daemon_.fill_status(status);
  status.set_connections(static_cast<std::uint32_t>(connections_ ? connections_() : 0));
  sessions_.fill_status(status);
  for (PoolGate* pool : daemon_.pools()) {
    v1::PoolStatus& one = *status.add_pools();
    one.set_name(pool->config().name);
    pool->fill_status(one);
    std::uint64_t queued = 0;
    std::uint64_t running = 0;
    for (const v1::SessionStatus& session : status.sessions()) {
      if (session.pool() != pool->config().name) continue;
      queued += session.queued();
      running += session.running();
    }
    one.set_queued(queued);
    one.set_running(running);
  }
  if (!peer.admin) hide_others(peer, status);
  respond(std::move(reply), {});
}

void ControlDesk::drain(const Peer& peer, const v1::Request& request, const Responder& respond) {
  const v1::Drain& drain = request.drain();
  if (!peer.admin) return refuse(respond, v1::ERROR_NOT_ALLOWED, "only an administrator may drain a pool");
  std::vector<PoolGate*> pools;
  for (PoolGate* pool : daemon_.pools()) {
    if (drain.pool().empty() || pool->config().name == drain.pool()) pools.push_back(pool);
  }
  if (pools.empty()) return refuse(respond, v1::ERROR_UNKNOWN_POOL, "no pool \"" + clean_text(drain.pool(), 64) + "\"");
  log_info(drain.resume() ? "resume requested" : "drain requested", {{"pool", drain.pool()}, {"uid", peer.uid}});
  if (drain.resume()) {
    for (PoolGate* pool : pools) pool->resume();
    return answer_done(respond);
  }
  const auto left = std::make_shared<std::size_t>(pools.size());
  const auto failed = std::make_shared<std::string>();
  const bool wait = drain.wait();
  for (PoolGate* pool : pools) {
    pool->drain([left, failed, wait, respond](const std::string& why_not) {
      if (failed->empty()) *failed = why_not;
      if (--*left != 0 || !wait) return;
      failed->empty() ? answer_done(respond) : refuse(respond, v1::ERROR_DRAINING, *failed);
    });
  }
  if (!wait) answer_done(respond);
}

void ControlDesk::stop(const Peer& peer, const Responder& respond) {
  if (!peer.admin) return refuse(respond, v1::ERROR_NOT_ALLOWED, "only an administrator may stop the daemon");
  log_info("stop requested", {{"uid", peer.uid}, {"pid", peer.pid}});
  answer_done(respond);
  loop_.post([this] { daemon_.stop(); });
}

}  // namespace ringmaster
