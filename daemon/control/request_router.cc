#include "daemon/control/request_router.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "daemon/control/message/handlers_message.h"
#include "daemon/control/message/session_message.h"
#include "daemon/control/message/status_message.h"
#include "daemon/jobs/death_report.h"
#include "daemon/log/log.h"
#include "daemon/machine/memory_reserve.h"
#include "daemon/ports/visible_to.h"
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

SessionAsker session_asker(Responder respond) {
  return [respond = std::move(respond)](SessionAnswer&& answer) {
    v1::Reply reply = session_message(answer);
    auto* offer = std::get_if<SessionOffer>(&answer);
    respond(std::move(reply), offer == nullptr ? std::vector<UniqueFd>{} : std::move(offer->ends));
  };
}

// Empty: all of them.
std::vector<PoolGate*> pools_of(const PoolDirectory& pools, std::string_view name) {
  if (name.empty()) return {pools.begin(), pools.end()};
  PoolGate* one = pools.named(name);
  return one == nullptr ? std::vector<PoolGate*>{} : std::vector<PoolGate*>{one};
}

v1::Handlers describe(const std::vector<PoolGate*>& pools) {
  v1::Handlers handlers;
  for (const PoolGate* pool : pools) *handlers.add_pools() = handlers_message(handlers_view(*pool));
  return handlers;
}

}  // namespace

RequestRouter::RequestRouter(EventLoop& loop, DaemonGate& daemon, SessionDesk& sessions, MessageJobs& jobs)
    : loop_(loop), daemon_(daemon), sessions_(sessions), jobs_(jobs) {}

void RequestRouter::handle(const Peer& peer, const v1::Request& request, Responder respond) {
  if ((request.has_open_session() || request.has_submit()) && MemoryReserve::spent()) {
    return refuse(respond, v1::ERROR_NO_MEMORY, MemoryReserve::kRefusal);
  }
  switch (request.body_case()) {
    case v1::Request::kHello:
      return greet(peer, respond);
    case v1::Request::kOpenSession:
      return sessions_.open(peer, session_wish(request.open_session()), session_asker(std::move(respond)));
    case v1::Request::kSessionMapped:
      return sessions_.mapped(peer, request.session_mapped().serial(), session_asker(std::move(respond)));
    case v1::Request::kResumeSession:
      return sessions_.resume(peer, session_key(request.resume_session()), session_asker(std::move(respond)));
    case v1::Request::kCloseSession:
      return sessions_.close(peer, session_key(request.close_session()), session_asker(std::move(respond)));
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

void RequestRouter::all_read(std::uint64_t connection) { jobs_.all_read(connection); }

void RequestRouter::connection_closed(std::uint64_t connection) {
  sessions_.connection_closed(connection);
  jobs_.connection_closed(connection);
}

void RequestRouter::greet(const Peer& peer, const Responder& respond) {
  v1::Reply reply;
  v1::HelloReply& hello = *reply.mutable_hello();
  hello.set_version(1);
  hello.set_daemon("ringmasterd " RINGMASTER_VERSION);
  hello.set_daemon_id(daemon_.daemon_id());
  hello.set_uid(peer.uid);
  hello.set_admin(peer.admin);
  respond(std::move(reply), {});
}

void RequestRouter::list_handlers(std::string_view name, const Responder& respond) {
  const std::vector<PoolGate*> pools = pools_of(daemon_.pools(), name);
  if (pools.empty()) return refuse(respond, v1::ERROR_UNKNOWN_POOL, daemon_.pools().no_such(name));
  const auto answer = [pools, respond] {
    v1::Reply reply;
    *reply.mutable_handlers() = describe(pools);
    respond(std::move(reply), {});
  };
  const auto unready = std::ranges::find_if_not(pools, &PoolGate::handlers_known);
  if (unready == pools.end()) return answer();
  // Right after the start: one look later, when a pool is ready or has given up for now.
  (*unready)->when_handlers_known(answer);
}

void RequestRouter::health(const Responder& respond) {
  v1::Reply reply;
  *reply.mutable_health() = health_message(daemon_.health());
  respond(std::move(reply), {});
}

void RequestRouter::status(const Peer& peer, const Responder& respond) {
  StatusView all;
  all.daemon = daemon_.view();
  all.connections = static_cast<std::uint32_t>(connections_ ? connections_() : 0);
  all.sessions = sessions_.views();
  for (const PoolGate* pool : daemon_.pools()) all.pools.push_back(pool->view());
  count_jobs(all);
  v1::Reply reply;
  *reply.mutable_status() = status_message(visible_to({peer.uid, peer.admin}, std::move(all)));
  respond(std::move(reply), {});
}

void RequestRouter::drain(const Peer& peer, const v1::Request& request, const Responder& respond) {
  const v1::Drain& drain = request.drain();
  if (!peer.admin) return refuse(respond, v1::ERROR_NOT_ALLOWED, "only an administrator may drain a pool");
  const std::vector<PoolGate*> pools = pools_of(daemon_.pools(), drain.pool());
  if (pools.empty()) return refuse(respond, v1::ERROR_UNKNOWN_POOL, daemon_.pools().no_such(drain.pool()));
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

void RequestRouter::stop(const Peer& peer, const Responder& respond) {
  if (!peer.admin) return refuse(respond, v1::ERROR_NOT_ALLOWED, "only an administrator may stop the daemon");
  log_info("stop requested", {{"uid", peer.uid}, {"pid", peer.pid}});
  answer_done(respond);
  loop_.post([this] { daemon_.stop(); });
}

}  // namespace ringmaster
