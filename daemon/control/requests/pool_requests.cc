#include "daemon/control/requests/pool_requests.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/control/message/refusal_message.h"
#include "proto/control.pb.h"

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

constexpr std::uint64_t kLongestDrainMs = std::uint64_t{1000} * 60 * 60 * 24;

void answer(const Responder& respond, const std::optional<RequestRefusal>& refusal) {
  v1::Reply reply;
  reply.mutable_done();
  respond(refusal ? refusal_message(*refusal) : std::move(reply), {});
}

}  // namespace

void create_pool(PoolMaker& maker, const Peer& peer, const v1::CreatePool& request, Responder respond) {
  PoolWish wish{request.name(),    request.config(),       request.folder(),
                request.workers(), request.most_workers(), request.min_workers()};
  maker.create(peer, std::move(wish), [respond = std::move(respond)](OrRefusal<PoolOffer>&& made) {
    if (!made) {
      respond(refusal_message(made.error()), {});
      return;
    }
    v1::Reply reply;
    reply.mutable_pool_created()->set_name(made->name);
    reply.mutable_pool_created()->set_id(made->id);
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(made->lifeline));
    respond(std::move(reply), std::move(fds));
  });
}

void drop_pool(PoolMaker& maker, const Peer& peer, const v1::DropPool& request, Responder respond) {
  std::optional<core::Duration> timeout;
  if (request.has_timeout_ms()) timeout = std::chrono::milliseconds{std::min(request.timeout_ms(), kLongestDrainMs)};
  maker.drop(
      peer, {request.name(), request.id()}, timeout,
      [respond = std::move(respond)](const std::optional<RequestRefusal>& refusal) { answer(respond, refusal); });
}

void resize_pool(PoolMaker& maker, const Peer& peer, const v1::ResizePool& request, const Responder& respond) {
  const std::uint32_t least = request.min_workers() != 0 ? request.min_workers() : request.workers();
  answer(respond, maker.resize(peer, {request.name(), request.id()}, {least, request.workers()}));
}

}  // namespace ringmaster::daemon
