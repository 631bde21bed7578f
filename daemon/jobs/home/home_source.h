#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "daemon/jobs/home/job_home.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/sessions.h"

namespace ringmaster::daemon {

/// Opens and ends the sessions for jobs that come as messages; tests fake it.
class HomeSource {
 public:
  virtual ~HomeSource() = default;

  /// Opens a session of this supervisor with the pool, for jobs of one uid. An Error: there is no memory or thread for
  /// it.
  [[nodiscard]] virtual Result<std::unique_ptr<JobHome>> open(std::uint32_t pool, std::uint32_t uid) = 0;
  /// Makes a home for a predecessor's session, which takes no jobs. An Error: no thread can be started to watch it.
  [[nodiscard]] virtual Result<std::unique_ptr<JobHome>> take_over(Session& session) = 0;
  /// Ends the session. REQUIRES: its home, if it had one, is gone.
  virtual void close(std::uint16_t index, std::uint32_t serial) = 0;
};

/// Homes that are sessions of the daemon. Event loop's thread only.
class SessionHomes final : public HomeSource {
 public:
  /// `look` is called with a home's serial when something in it may have ended.
  SessionHomes(EventLoop& loop, DaemonPort& daemon, Sessions& sessions, std::function<void(std::uint32_t)> look)
      : loop_(loop), daemon_(daemon), sessions_(sessions), look_(std::move(look)) {}

  [[nodiscard]] Result<std::unique_ptr<JobHome>> open(std::uint32_t pool, std::uint32_t uid) override;
  [[nodiscard]] Result<std::unique_ptr<JobHome>> take_over(Session& session) override;
  void close(std::uint16_t index, std::uint32_t serial) override;

 private:
  EventLoop& loop_;
  DaemonPort& daemon_;
  Sessions& sessions_;
  std::function<void(std::uint32_t)> look_;
};

}  // namespace ringmaster::daemon
