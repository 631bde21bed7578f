#include "daemon/control/requests/daemon_requests.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/control/message/handlers_message.h"
#include "daemon/control/message/refusal_message.h"
#include "daemon/control/message/status_message.h"
#include "daemon/control/requests/when_all_known.h"
#include "daemon/log/log.h"
#include "daemon/ports/visible_to.h"
#include "proto/control.pb.h"
#include "ringmaster_version.h"

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

void refuse(const Responder& respond, RefusalCode code, std::string why) {
  respond(refusal_message({code, std::move(why)}), {});
}

void answer_done(const Responder& respond) {
  v1::Reply reply;
  reply.mutable_done();
  respond(std::move(reply), {});
}

constexpr core::Uid kRoot = 0;

// The pool with this name; with an empty name all that this user may use.
std::vector<PoolPort*> pools_of(const PoolDirectory& pools, std::string_view name, core::Uid user) {
  if (name.empty()) return pools.all_for(user);
  PoolPort* one = pools.named(name, user);
  return one == nullptr ? std::vector<PoolPort*>{} : std::vector<PoolPort*>{one};
}

v1::Handlers describe(const std::vector<PoolPort*>& pools) {
  v1::Handlers handlers;
  for (const PoolPort* pool : pools) *handlers.add_pools() = handlers_message(handlers_view(*pool));
  return handlers;
}

}  // namespace

void DaemonRequests::greet(const Peer& peer, const Responder& respond) {
  v1::Reply reply;
  v1::HelloReply& hello = *reply.mutable_hello();
  hello.set_version(1);
  hello.set_daemon("ringmasterd " RINGMASTER_VERSION);
  hello.set_daemon_id(daemon_.daemon_id());
  hello.set_uid(peer.uid);
  hello.set_admin(peer.admin);
  respond(std::move(reply), {});
}

void DaemonRequests::list_handlers(const Peer& peer, const std::string& name, const Responder& respond) {
  const std::vector<PoolPort*> pools = pools_of(daemon_.pools(), name, peer.uid);
  if (pools.empty() && !name.empty()) {
    return refuse(respond, RefusalCode::UnknownPool, daemon_.pools().no_such(name, peer.uid));
  }
  // Right after the daemon's start a pool's handlers are known only when a worker is ready. Pools may go meanwhile.
  when_all_known(loop_, pools, [this, uid = peer.uid, name, respond] {
    v1::Reply reply;
    *reply.mutable_handlers() = describe(pools_of(daemon_.pools(), name, uid));
    respond(std::move(reply), {});
  });
}

void DaemonRequests::health(const Peer& peer, const Responder& respond) {
  v1::Reply reply;
  *reply.mutable_health() = health_message(daemon_.health({peer.uid, peer.admin}));
  respond(std::move(reply), {});
}

void DaemonRequests::status(const Peer& peer, const Responder& respond) {
  StatusView all;
  all.daemon = daemon_.view({peer.uid, peer.admin});
  all.connections = static_cast<std::uint32_t>(connections_ ? connections_() : 0);
  all.sessions = sessions_.views();
  for (const PoolPort* pool : daemon_.pools()) all.pools.push_back(pool->view());
  count_jobs(all);
  v1::Reply reply;
  *reply.mutable_status() = status_message(visible_to({peer.uid, peer.admin}, std::move(all)));
  respond(std::move(reply), {});
}

void DaemonRequests::drain(const Peer& peer, const v1::Drain& drain, const Responder& respond) {
  if (!peer.admin) return refuse(respond, RefusalCode::NotAllowed, "only an administrator may drain a pool");
  const std::vector<PoolPort*> pools = pools_of(daemon_.pools(), drain.pool(), kRoot);
  if (pools.empty()) return refuse(respond, RefusalCode::UnknownPool, daemon_.pools().no_such(drain.pool(), kRoot));
  log_info(drain.resume() ? "resume requested" : "drain requested", {{"pool", drain.pool()}, {"uid", peer.uid}});
  if (drain.resume()) {
    for (PoolPort* pool : pools) pool->resume();
    return answer_done(respond);
  }
  const auto left = std::make_shared<std::size_t>(pools.size());
  const auto failed = std::make_shared<std::string>();
  const bool wait = drain.wait();
  for (PoolPort* pool : pools) {
    pool->drain([left, failed, wait, respond](const std::string& why_not) {
      if (failed->empty()) *failed = why_not;
      if (--*left != 0 || !wait) return;
      failed->empty() ? answer_done(respond) : refuse(respond, RefusalCode::Draining, *failed);
    });
  }
  if (!wait) answer_done(respond);
}

void DaemonRequests::stop(const Peer& peer, const Responder& respond) {
  if (!peer.admin) return refuse(respond, RefusalCode::NotAllowed, "only an administrator may stop the daemon");
  log_info("stop requested", {{"uid", peer.uid}, {"pid", peer.pid}});
  answer_done(respond);
  loop_.post([this] { daemon_.stop(); });
}

}  // namespace ringmaster::daemon
