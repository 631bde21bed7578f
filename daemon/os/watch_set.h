#pragma once

#include <cstdint>
#include <span>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Watches descriptors for being readable or hung up: an epoll set, which is itself a descriptor that can be watched.
/// Descriptors are borrowed; the caller chooses the ids.
class WatchSet {
 public:
  struct Event {
    std::uint32_t id = 0;
    int fd = -1;
  };

  /// 0 or an errno.
  [[nodiscard]] int open() noexcept;
  [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
  /// 0 or an errno: ENOSPC: fs.epoll.max_user_watches is reached; ENOMEM.
  [[nodiscard]] int add(int fd, std::uint32_t id) noexcept;
  void remove(int fd) noexcept;
  /// The descriptors that are readable now, without blocking: the part of `room` that was filled.
  [[nodiscard]] std::span<const Event> take(std::span<Event> room) noexcept;

 private:
  UniqueFd epoll_;
};

}  // namespace ringmaster::daemon
