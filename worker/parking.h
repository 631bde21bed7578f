#pragma once

#include <chrono>

#include "shm/base/result.h"
#include "shm/base/unique_fd.h"

namespace ringmaster {

/// Where an idle worker sleeps: an epoll set of doorbells, which are watched edge-triggered, exclusively and never
/// read, and of the control socket. The idle bit, the scans and what to do next are the loop's.
class Parking {
 public:
  [[nodiscard]] static Result<Parking> create(int control_socket, int pool_bell);

  [[nodiscard]] Result<void> watch_bell(int bell);
  /// Before the descriptor is closed: others hold the same eventfd open, so closing alone would leave it in the set.
  void forget_bell(int bell) noexcept;

  struct Wake {
    bool bell = false;
    bool control = false;  ///< A message, or the daemon is gone.
    [[nodiscard]] bool timed_out() const noexcept { return !bell && !control; }
  };
  [[nodiscard]] Wake sleep(std::chrono::nanoseconds at_most) noexcept;

 private:
  Parking(UniqueFd epoll, int control_socket) : epoll_(std::move(epoll)), control_socket_(control_socket) {}

  UniqueFd epoll_;
  int control_socket_;
};

}  // namespace ringmaster
