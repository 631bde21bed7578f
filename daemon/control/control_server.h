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

/// Accepts on the daemon's socket, admits peers by SO_PEERCRED and quota, splits and parses frames, and passes whole
/// requests to the RequestDesk, in turns by uid. Whatever a client does ends at most its own connection: malformed,
/// partial and oversized frames get an Error reply with id 0 if possible, then the connection is closed. The
/// supervisor's one thread.
class ControlServer {
 public:
  ControlServer(EventLoop& loop, UniqueFd listener, const config::DaemonConfig& config, core::QuotaBook& quota,
                RequestDesk& desk, const ControlLimits& limits = {});
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  [[nodiscard]] std::size_t connections() const;
  /// Bytes of replies that the kernel has not taken yet; at its end the daemon waits a moment for them.
  [[nodiscard]] std::size_t unsent_bytes() const;
  /// Accepts on `listener` from now on; clients that wait at the old one are accepted first.
  void listen_on(UniqueFd listener);
  /// Sets what to call when a connection comes from this process itself; that connection is closed.
  void when_probed(std::function<void()> probed);
  /// Accepts no further connection; existing ones stay until they end.
  void stop_accepting();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringmaster::daemon
