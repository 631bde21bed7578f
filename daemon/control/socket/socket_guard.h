#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/control/socket/listener.h"
#include "daemon/loop/event_loop.h"
#include "daemon/os/file_watch.h"

namespace ringmaster::daemon {

/// Keeps the path of the daemon's socket leading to the daemon: whatever sweeps the socket, its lock or their folder
/// away (rm, a cleaner of temporary files, a folder put in its place) is noticed, said once in the log and mended by
/// binding again; what others have put there is left alone. The supervisor's one thread.
///
/// An inherited socket (a predecessor's, the service manager's) may have lost its path before: a connection of our own
/// shows whether the path leads to us. Only what is known to lead to us is ever removed or bound again.
class SocketGuard {
 public:
  struct Hooks {
    std::function<void(const Listener&)> bound;  ///< this is the listener from now on: accept on it, deposit it
  };

  /// `passed`: the service manager's; it is not removed at the end, and its lock is not held.
  SocketGuard(EventLoop& loop, std::string path, const config::DaemonConfig& config, Listener listener, bool passed,
              Hooks hooks);
  ~SocketGuard();
  SocketGuard(const SocketGuard&) = delete;
  SocketGuard& operator=(const SocketGuard&) = delete;

  [[nodiscard]] const Listener& listener() const noexcept { return listener_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The service manager listens on the path, and would start the daemon again.
  [[nodiscard]] bool passed() const noexcept { return passed_; }

  /// Begins to watch. REQUIRES: connections are accepted from now on.
  void start();
  /// A connection of this very process was accepted on the listener.
  void probe_arrived();
  /// The daemon ends: nothing is bound any more, and what is ours is removed.
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
  mode_t mode_ = 0600;            ///< of the service manager's socket, as are
  gid_t group_ = 0;
  core::PlaceSight sight_ = core::PlaceSight::Ours;  ///< last seen
  std::string complaint_;                            ///< said last, so that it is said once
  bool ended_ = false;
};

}  // namespace ringmaster::daemon
