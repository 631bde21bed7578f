#pragma once

#include <cstdint>

#include "client/control/control_link.h"
#include "client/session/daemon_word.h"
#include "client/types/refusal.h"

namespace ringmaster::client {

/// Memory for a request of a session that is larger than its ring. If the connection breaks it is asked for again: what
/// nobody has open is nobody's. QueueFull: it may be had later.
[[nodiscard]] Submission<ParcelGiven> ask_parcel(ControlLink& link, std::uint32_t serial, std::uint64_t bytes);

}  // namespace ringmaster::client
