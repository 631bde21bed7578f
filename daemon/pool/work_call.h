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

/// How the supervisor tells workers of jobs: by their control sockets, in which nobody can make it wait. It rings no
/// bell, for whoever watches one can hold its writers up.
class WorkCall {
 public:
  /// There may be jobs that nobody was told of: every worker that takes jobs looks.
  static void everyone(std::span<Seat> seats);
  /// The supervisor has published a job in `session`: one idle worker looks there; which one goes round. That one may
  /// be on its way to another job: then it passes the call on (shm/DESIGN.md, C6).
  void one(std::span<Seat> seats, const shm::BoardRecord& board, const Session& session);
  /// Calls `look` 5 ms from now, unless it is about to: who was called may be stopped, or dead and not buried yet.
  void look_again(EventLoop& loop, std::function<void()> look);
  /// Whether a job that the supervisor has published is still there to be taken beside somebody who is idle.
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
