#pragma once

#include <poll.h>

#include "base/unique_fd.h"

namespace ringmaster::keeper {

/// The process that the daemon is for (--owner-fd): it keeps the other end of a pipe or connected socket, which hangs
/// up when that process ends, however that happens. Nothing is read from the descriptor, and no child gets it.
class Owner {
 public:
  /// What the keeper polls for. POLLHUP comes anyway; a socket's peer that only shuts down its writing has gone too.
  static constexpr short kEvents = POLLRDHUP;

  /// Takes over the descriptor with this number; then the number is closed, or /dev/null if it was standard input.
  /// `listen_fds`: how many numbers from 3 on are taken already. nullptr, or what is wrong with the descriptor.
  [[nodiscard]] const char* take(const char* number, int listen_fds) noexcept;

  [[nodiscard]] bool given() const noexcept { return fd_.valid(); }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Whether it has hung up by now.
  [[nodiscard]] bool gone() const noexcept;

 private:
  UniqueFd fd_;
};

}  // namespace ringmaster::keeper
