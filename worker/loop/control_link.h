#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/worker_link.h"

namespace ringmaster::worker {

/// The worker's end of the control socket. Does not own the descriptor, which has a fixed number and is never closed.
class ControlLink {
 public:
  explicit ControlLink(int socket) : socket_(socket) {}

  /// Blocks while the socket's buffer is full. An error means that the daemon is gone.
  [[nodiscard]] Result<void> send(const worker_link::ToSupervisor& message);

  struct Incoming {
    worker_link::ToWorker message;
    std::vector<UniqueFd> fds;
  };
  /// Does not block; nullopt: no message. An error: the daemon is gone (closed() is true), or the message is malformed.
  [[nodiscard]] Result<std::optional<Incoming>> receive();

  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] int fd() const noexcept { return socket_; }

 private:
  int socket_;
  bool closed_ = false;
  std::array<std::byte, worker_link::kMaxMessageBytes> buffer_{};
};

}  // namespace ringmaster::worker
