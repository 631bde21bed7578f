#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/config/config.h"
#include "daemon/control/socket/socket_guard.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/keeper_port.h"
#include "daemon/supervisor/inherited_deposits.h"

namespace ringmaster::daemon {

/// The socket that clients find the daemon by: taken up from a predecessor or the service manager, or made; guarded
/// (socket_guard.h), and held by the keeper, who is given each new one in the place of the one before. Owned by the
/// Supervisor; its thread.
class ServiceSocket {
 public:
  ServiceSocket(EventLoop& loop, Keeper& keeper, std::string path, const config::DaemonConfig& config)
      : loop_(loop), keeper_(keeper), path_(std::move(path)), config_(config) {}

  /// An Error's `code` is the exit code of the keeper's protocol.
  [[nodiscard]] Result<void> open(InheritedDeposits& inherited);
  /// A descriptor to accept on. REQUIRES: open.
  [[nodiscard]] UniqueFd to_accept_on() const;
  /// Connections are accepted from now on; `listen_on` is given what to accept on instead when the socket was bound
  /// again.
  void guard(std::function<void(UniqueFd)> listen_on);
  void probe_arrived() { guard_->probe_arrived(); }
  /// The daemon ends.
  void remove() { guard_->remove(); }

  /// Where clients find it: the service manager's own place, if it has another than the configuration.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool passed() const { return guard_->passed(); }  ///< by the service manager

 private:
  [[nodiscard]] bool take_up(InheritedDeposits& inherited, Listener& listener);
  void deposit(const Listener& listener);
  void hold_alive_mark(UniqueFd inherited);
  void on_bound(const Listener& now);

  EventLoop& loop_;
  Keeper& keeper_;
  std::string path_;
  const config::DaemonConfig& config_;
  std::unique_ptr<SocketGuard> guard_;
  UniqueFd alive_;  ///< see alive_mark.h
  std::function<void(UniqueFd)> listen_on_;
};

}  // namespace ringmaster::daemon
