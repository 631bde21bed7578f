#pragma once

#include <string_view>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// The service manager's notify socket (sd_notify's protocol: one datagram of NAME=value lines). Without one, send()
/// does nothing. Never blocks: a message that does not fit the manager's queue is dropped.
class ServiceNotify {
 public:
  ServiceNotify() = default;

  /// `address` as in $NOTIFY_SOCKET: a path, or @name for an abstract one. 0 or an errno; "" is no error.
  [[nodiscard]] int open(std::string_view address) noexcept;
  [[nodiscard]] bool active() const noexcept { return socket_.valid(); }
  /// 0 or an errno.
  int send(std::string_view text) const noexcept;

 private:
  UniqueFd socket_;
};

}  // namespace ringmaster::daemon
