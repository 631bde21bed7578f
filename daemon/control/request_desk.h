#pragma once

#include <cstdint>

#include "daemon/control/responder.h"
#include "daemon/ports/peer.h"

namespace ringmaster::control::v1 {
class Request;
}

namespace ringmaster::daemon {

/// Answers requests: `handle` answers each exactly once through `respond`, now or later. One thread.
class RequestDesk {
 public:
  virtual ~RequestDesk() = default;
  virtual void handle(const Peer& peer, control::v1::Request request, Responder respond) = 0;
  /// The client has read all replies that were sent to it.
  virtual void all_read(std::uint64_t connection) = 0;
  virtual void connection_closed(std::uint64_t connection) = 0;
};

}  // namespace ringmaster::daemon
