#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::worker {

/// Where an idle worker sleeps: an epoll set of the bells, watched edge-triggered and exclusively and never read, and
/// of the control socket. WorkerLoop sets the idle bit, scans, and decides what to do next.
class Parking {
 public:
  [[nodiscard]] static Result<Parking> create(int control_socket, int pool_bell);

  /// Watches the bell of the session at `index`.
  [[nodiscard]] Result<void> watch_bell(int bell, std::uint32_t index);
  /// Watches a descriptor of the host program, which ends a sleep while it is readable; -1: none any more. Costs
  /// nothing if it is watched already.
  [[nodiscard]] Result<void> watch_host(int fd);
  /// Call it before the descriptor is closed: others have the same end open, so closing alone would not remove it.
  void forget_bell(int bell) noexcept;

  /// Why it woke up. Each ring wakes only one sleeper, so this worker must look for the work.
  class Wake {
   public:
    bool control = false;  ///< A message, or the daemon is gone.
    bool host = false;
    bool anywhere = false;  ///< The pool's bell, or too many events: work may be in any session.
    [[nodiscard]] bool timed_out() const noexcept { return !host && !work(); }
    [[nodiscard]] bool work() const noexcept { return control || anywhere || count_ != 0; }
    /// The sessions whose bells have rung.
    [[nodiscard]] std::span<const std::uint32_t> sessions() const noexcept { return {sessions_.data(), count_}; }

   private:
    friend class Parking;
    static constexpr std::size_t kMost = 16;
    std::array<std::uint32_t, kMost> sessions_{};
    std::size_t count_ = 0;
  };
  [[nodiscard]] Wake sleep(std::chrono::nanoseconds at_most) noexcept;
  /// The epoll set: readable when a sleep would end.
  [[nodiscard]] int fd() const noexcept { return epoll_.get(); }

 private:
  explicit Parking(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  [[nodiscard]] Result<void> watch(int bell, std::uint64_t name);
  [[nodiscard]] int wait(std::span<epoll_event> events, std::chrono::nanoseconds at_most) noexcept;

  UniqueFd epoll_;
  int host_ = -1;
  bool whole_ms_ = false;  ///< The kernel or a system call filter lacks epoll_pwait2.
};

}  // namespace ringmaster::worker
