#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/control/socket/listener.h"
#include "daemon/loop/event_loop.h"
#include "daemon/os/file_watch.h"

namespace ringmaster::daemon {

/// Makes sure that the path of the daemon's socket leads to the daemon. If the socket, its lock or their folder is
/// removed (rm, a cleaner of temporary files), it notices, logs it once and binds again; files that others have put
/// there are left alone. The supervisor's one thread.
///
/// An inherited socket (a predecessor's or the service manager's) may have lost its path earlier: a connection to
/// itself shows whether the path leads to us. Only what is known to be ours is removed or bound again.
class SocketGuard {
 public:
  struct Hooks {
    std::function<void(const Listener&)> bound;  ///< called with the new listener: accept on it and deposit it
  };

  /// `passed`: the socket is the service manager's: it is not removed at the end, and there is no lock.
  SocketGuard(EventLoop& loop, std::string path, const config::DaemonConfig& config, Listener listener, bool passed,
              Hooks hooks);
  ~SocketGuard();
  SocketGuard(const SocketGuard&) = delete;
  SocketGuard& operator=(const SocketGuard&) = delete;

  [[nodiscard]] const Listener& listener() const noexcept { return listener_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// True: the service manager listens on the path too, and would start the daemon again.
  [[nodiscard]] bool passed() const noexcept { return passed_; }

  /// Begins to watch. REQUIRES: connections are being accepted.
  void start();
  /// A connection from this process itself was accepted on the listener.
  void probe_arrived();
  /// Called at the daemon's end: binds nothing more, and removes the files that are ours.
  void remove();

 private:
  void probe();
  void look();
  [[nodiscard]] bool lock_lost() const;
  bool take_lock_again();
  void bind_again();
  void complain(const std::string& text);
  void watch();
  void look_later();

  EventLoop& loop_;
  std::string path_;
  const config::DaemonConfig& config_;
  Listener listener_;
  bool passed_;
  Hooks hooks_;
  FileWatch changes_;
  std::unique_ptr<FdWatch> changed_;
  bool sees_changes_ = false;
  std::optional<EventLoop::TimerId> timer_;
  UniqueFd probe_;
  std::optional<FileId> probed_;  ///< what the path led to when the probe was sent
  mode_t mode_ = 0600;            ///< of the service manager's socket, like group_
  gid_t group_ = 0;
  core::PlaceSight sight_ = core::PlaceSight::Ours;  ///< what the last look found
  std::string complaint_;                            ///< the last one that was logged, so that each is logged once
  bool ended_ = false;
};

}  // namespace ringmaster::daemon
