#pragma once

#include "daemon/ports/pool_gate.h"
#include "proto/control.pb.h"

namespace ringmaster {

/// The pool's handlers, limits and default deadlines as clients get them.
void describe_pool(const PoolGate& pool, control::v1::PoolHandlers& message);

}  // namespace ringmaster
