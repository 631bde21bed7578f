#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "daemon/loop/event_loop.h"
#include "daemon/pool/seat/seat.h"
#include "shm/layout.h"

namespace ringmaster::daemon {

struct Session;

/// How the supervisor tells workers of jobs: by their control sockets, where nobody can block it. It rings no bell,
/// because whoever has a bell can block its writers.
class WorkCall {
 public:
  /// There may be jobs that no worker knows of: tells every worker that takes jobs to look.
  static void everyone(std::span<Seat> seats);
  /// The supervisor has published a job in `session`: calls one idle worker, in rotation. If that one is about to take
  /// another job, it passes the call on (shm/DESIGN.md, C6).
  void one(std::span<Seat> seats, const shm::BoardRecord& board, const Session& session);
  /// Calls `look` in 5 ms, unless that is planned already: the worker that was called may be stopped or dead.
  void look_again(EventLoop& loop, std::function<void()> look);
  /// True if a job that the supervisor has published is still waiting although a worker is idle.
  [[nodiscard]] static bool passed_over(const shm::BoardRecord& board,
                                        const std::map<std::uint16_t, const Session*>& sessions);

  WorkCall() = default;
  ~WorkCall();
  WorkCall(const WorkCall&) = delete;
  WorkCall& operator=(const WorkCall&) = delete;

 private:
  std::size_t turn_ = 0;
  EventLoop* loop_ = nullptr;  ///< of the timer
  std::optional<EventLoop::TimerId> timer_;
};

}  // namespace ringmaster::daemon
