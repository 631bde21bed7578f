#pragma once

#include <functional>

#include "daemon/control/control_server.h"
#include "daemon/jobs/message_jobs.h"
#include "daemon/sessions/session_desk.h"

namespace ringmaster {

/// Gives each request to whom it concerns: sessions, jobs, pools, the daemon. Checks who may drain and stop. One
/// thread.
class RequestRouter final : public RequestDesk {
 public:
  RequestRouter(EventLoop& loop, DaemonGate& daemon, SessionDesk& sessions, MessageJobs& jobs);

  void handle(const Peer& peer, const control::v1::Request& request, Responder respond) override;
  void all_read(std::uint64_t connection) override;
  void connection_closed(std::uint64_t connection) override;

  /// How many connections the status shows; set once the server is there.
  void count_connections(std::function<std::size_t()> count) { connections_ = std::move(count); }

 private:
  void greet(const Peer& peer, const Responder& respond);
  void list_handlers(std::string_view pool, const Responder& respond);
  void health(const Responder& respond);
  void status(const Peer& peer, const Responder& respond);
  void drain(const Peer& peer, const control::v1::Request& request, const Responder& respond);
  void stop(const Peer& peer, const Responder& respond);

  EventLoop& loop_;
  DaemonGate& daemon_;
  SessionDesk& sessions_;
  MessageJobs& jobs_;
  std::function<std::size_t()> connections_;
};

}  // namespace ringmaster
