#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/unique_fd.h"
#include "daemon/config/config.h"
#include "daemon/control/control_limits.h"
#include "daemon/control/request_desk.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// Accepts on the daemon's socket, admits peers by SO_PEERCRED and quota, frames and parses, and hands whole requests
/// to the desk, uid by uid in turns. Whatever a client does ends at most its own connection: garbage, half and
/// oversized frames get an Error reply with id 0 where one can be sent, then the connection closes. The supervisor's
/// one thread.
class ControlServer {
 public:
  ControlServer(EventLoop& loop, UniqueFd listener, const config::DaemonConfig& config, core::QuotaBook& quota,
                RequestDesk& desk, const ControlLimits& limits = {});
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  [[nodiscard]] std::size_t connections() const;
  /// Bytes of replies that the kernel has not taken yet: what the daemon's end may wait for, a moment.
  [[nodiscard]] std::size_t unsent_bytes() const;
  /// Accepts on `listener` from now on; who waits at the old one is still let in.
  void listen_on(UniqueFd listener);
  /// Called when a connection comes from this very process, which is then closed.
  void when_probed(std::function<void()> probed);
  /// No further connection is accepted; those that are there stay until they end.
  void stop_accepting();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringmaster::daemon
