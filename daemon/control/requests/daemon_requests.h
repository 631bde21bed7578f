#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "daemon/control/responder.h"
#include "daemon/loop/event_loop.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/sessions.h"

namespace ringmaster::control::v1 {
class Drain;
}

namespace ringmaster::daemon {

/// Answers requests about the daemon and its pools: hello, handlers, status, health, drain, stop. Checks who may drain
/// and stop. One thread.
class DaemonRequests {
 public:
  DaemonRequests(EventLoop& loop, DaemonPort& daemon, Sessions& sessions)
      : loop_(loop), daemon_(daemon), sessions_(sessions) {}

  void greet(const Peer& peer, const Responder& respond);
  void list_handlers(const Peer& peer, const std::string& pool, const Responder& respond);
  void health(const Peer& peer, const Responder& respond);
  void status(const Peer& peer, const Responder& respond);
  void drain(const Peer& peer, const control::v1::Drain& drain, const Responder& respond);
  void stop(const Peer& peer, const Responder& respond);

  void count_connections(std::function<std::size_t()> count) { connections_ = std::move(count); }

 private:
  EventLoop& loop_;
  DaemonPort& daemon_;
  Sessions& sessions_;
  std::function<std::size_t()> connections_;
};

}  // namespace ringmaster::daemon
