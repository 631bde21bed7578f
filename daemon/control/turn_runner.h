#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/core/daemon/request_turns.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// Gives connections their turns, one per round of the event loop, so that other events come in between. The
/// supervisor's one thread.
class TurnRunner {
 public:
  /// True: the connection has more to do, and gets another turn later.
  using TakeTurn = std::function<bool(std::uint64_t connection, core::TurnBudget& budget)>;

  /// REQUIRES: `loop` outlives this.
  TurnRunner(EventLoop& loop, TakeTurn take_turn);

  void want(core::Uid uid, std::uint64_t connection);
  void forget(core::Uid uid, std::uint64_t connection);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringmaster::daemon
