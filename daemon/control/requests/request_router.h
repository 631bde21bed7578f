#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "daemon/control/request_desk.h"
#include "daemon/control/requests/daemon_requests.h"
#include "daemon/jobs/message_jobs.h"
#include "daemon/ports/pool_maker.h"
#include "daemon/sessions/sessions.h"

namespace ringmaster::daemon {

/// Passes each request to the part that answers it: sessions, jobs, or the daemon and its pools. Decides nothing else.
/// One thread.
class RequestRouter final : public RequestDesk {
 public:
  RequestRouter(EventLoop& loop, DaemonPort& daemon, Sessions& sessions, MessageJobs& jobs, PoolMaker& pools)
      : daemon_(daemon), sessions_(sessions), jobs_(jobs), pools_(pools), daemon_requests_(loop, daemon, sessions) {}

  void handle(const Peer& peer, control::v1::Request request, Responder respond) override;
  void all_read(std::uint64_t connection) override;
  void connection_closed(std::uint64_t connection) override;

  /// Sets what tells the status how many connections there are; called once the server exists.
  void count_connections(std::function<std::size_t()> count) { daemon_requests_.count_connections(std::move(count)); }

 private:
  DaemonPort& daemon_;
  Sessions& sessions_;
  MessageJobs& jobs_;
  PoolMaker& pools_;
  DaemonRequests daemon_requests_;
};

}  // namespace ringmaster::daemon
