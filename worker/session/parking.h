#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::worker {

/// Where an idle worker sleeps: an epoll set of doorbells, which are watched edge-triggered, exclusively and never
/// read, and of the control socket. The idle bit, the scans and what to do next are the loop's.
class Parking {
 public:
  [[nodiscard]] static Result<Parking> create(int control_socket, int pool_bell);

  /// The bell of the session at `index`.
  [[nodiscard]] Result<void> watch_bell(int bell, std::uint32_t index);
  /// A descriptor of the program around the worker, which ends a sleep while it is readable; -1: none any more. Costs
  /// nothing for the one that is watched already.
  [[nodiscard]] Result<void> watch_host(int fd);
  /// Before the descriptor is closed: others have the same end open, so closing alone would leave it in the set.
  void forget_bell(int bell) noexcept;

  /// Why it woke up. Each ring is told to one sleeper only, so that what is said here must be looked after.
  class Wake {
   public:
    bool control = false;  ///< A message, or the daemon is gone.
    bool host = false;
    bool anywhere = false;  ///< The pool's bell, or more than can be told apart: work may be in any session.
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
  /// The set: readable when a sleep would end.
  [[nodiscard]] int fd() const noexcept { return epoll_.get(); }

 private:
  explicit Parking(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  [[nodiscard]] Result<void> watch(int bell, std::uint64_t name);
  [[nodiscard]] int wait(std::span<epoll_event> events, std::chrono::nanoseconds at_most) noexcept;

  UniqueFd epoll_;
  int host_ = -1;
  bool whole_ms_ = false;  ///< Kernel or filter has no epoll_pwait2.
};

}  // namespace ringmaster::worker
