#pragma once

#include <functional>
#include <optional>
#include <string>

#include "daemon/core/daemon/health.h"
#include "daemon/core/daemon/status_line.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// The daemon's health, for clients that ask and for the service manager, which is told. Owned by the Supervisor; its
/// thread.
class HealthReport {
 public:
  struct Sources {
    std::function<core::Health(core::HealthJudge&, core::TimePoint)>
        judge;  ///< gives the judge snapshots of daemon and pools
    std::function<core::DaemonFigures()> figures;
    std::function<void(const std::string&)> tell_service;  ///< called with the status line when it has changed
  };
  HealthReport(EventLoop& loop, core::Duration hold, Sources sources);

  /// Judges again, because something may have changed.
  void look();
  [[nodiscard]] core::Health health();
  [[nodiscard]] std::string line() { return core::health_line(health(), sources_.figures()); }

 private:
  void arm(std::optional<core::TimePoint> at);

  EventLoop& loop_;
  Sources sources_;
  core::HealthJudge judge_;
  core::StatusLine status_;
  std::optional<EventLoop::TimerId> timer_;
  core::TimePoint timer_at_{};
};

}  // namespace ringmaster::daemon
