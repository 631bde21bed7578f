#pragma once

#include "daemon/control/responder.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/pool_maker.h"

namespace ringmaster::control::v1 {
class CreatePool;
class DropPool;
class ResizePool;
}  // namespace ringmaster::control::v1

/// Requests for pools at run time, as messages; the maker decides.
namespace ringmaster::daemon {

void create_pool(PoolMaker& maker, const Peer& peer, const control::v1::CreatePool& request, Responder respond);
void drop_pool(PoolMaker& maker, const Peer& peer, const control::v1::DropPool& request, Responder respond);
void resize_pool(PoolMaker& maker, const Peer& peer, const control::v1::ResizePool& request, const Responder& respond);

}  // namespace ringmaster::daemon
