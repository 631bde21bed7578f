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

/// The socket by which clients find the daemon: taken up from a predecessor or the service manager, or created. It is
/// guarded (socket_guard.h) and deposited with the keeper, each new one in place of the last. Owned by the Supervisor;
/// its thread.
class ServiceSocket {
 public:
  ServiceSocket(EventLoop& loop, Keeper& keeper, std::string path, const config::DaemonConfig& config)
      : loop_(loop), keeper_(keeper), path_(std::move(path)), config_(config) {}

  /// An Error's `code` is the exit code of the keeper's protocol.
  [[nodiscard]] Result<void> open(InheritedDeposits& inherited);
  /// A descriptor to accept on. REQUIRES: open.
  [[nodiscard]] UniqueFd to_accept_on() const;
  /// Starts the guard. When it has bound the socket again, `listen_on` gets the new descriptor to accept on.
  void guard(std::function<void(UniqueFd)> listen_on);
  void probe_arrived() { guard_->probe_arrived(); }
  /// Removes the socket's file, at the daemon's end.
  void remove() { guard_->remove(); }

  /// Where clients find it: the path of the service manager's socket, if that is not the configured one.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool passed() const { return guard_->passed(); }  ///< true: the service manager's socket

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
