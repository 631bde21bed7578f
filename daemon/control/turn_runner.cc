#include "daemon/control/turn_runner.h"

namespace ringmaster::daemon {

struct TurnRunner::State : std::enable_shared_from_this<State> {
  State(EventLoop& loop_in, TakeTurn take_turn_in) : loop(loop_in), take_turn(std::move(take_turn_in)) {}

  void schedule() {
    if (scheduled || turns.empty()) return;
    scheduled = true;
    loop.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->run();
    });
  }
  void run() {
    scheduled = false;
    if (const auto turn = turns.next()) {
      core::TurnBudget budget(loop.now());
      if (take_turn(turn->connection, budget)) turns.want(turn->uid, turn->connection);
    }
    schedule();
  }

  EventLoop& loop;
  TakeTurn take_turn;
  core::RequestTurns turns;
  bool scheduled = false;
};

TurnRunner::TurnRunner(EventLoop& loop, TakeTurn take_turn)
    : state_(std::make_shared<State>(loop, std::move(take_turn))) {}

void TurnRunner::want(core::Uid uid, std::uint64_t connection) {
  state_->turns.want(uid, connection);
  state_->schedule();
}

void TurnRunner::forget(core::Uid uid, std::uint64_t connection) { state_->turns.forget(uid, connection); }

}  // namespace ringmaster::daemon
