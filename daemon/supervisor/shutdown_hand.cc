#include "daemon/supervisor/shutdown_hand.h"

#include <utility>

namespace ringmaster::daemon {

using core::Shutdown;

ShutdownHand::ShutdownHand(Clock clock, Facts facts, Acts acts)
    : clock_(std::move(clock)), facts_(std::move(facts)), acts_(std::move(acts)) {}

void ShutdownHand::request() { tell(Shutdown::Event::StopRequested); }

void ShutdownHand::pool_changed() {
  if (shutdown_.state() == Shutdown::State::Stopping && facts_.pools_stopped()) look_after(core::Duration::zero());
}

std::optional<Shutdown::Event> ShutdownHand::what_happened() const {
  using Event = Shutdown::Event;
  const auto when = [](bool so, Event event) { return so ? std::optional(event) : std::nullopt; };
  switch (shutdown_.state()) {
    case Shutdown::State::Stopping:
      return when(facts_.pools_stopped(), Event::PoolsStopped);
    case Shutdown::State::Closing:
      return when(facts_.work_ended(), Event::WorkEnded);
    case Shutdown::State::Parting:
      return when(facts_.replies_sent(), Event::RepliesSent);
    case Shutdown::State::Serving:
    case Shutdown::State::Ended:
      break;
  }
  return std::nullopt;
}

void ShutdownHand::tell(Shutdown::Event event) {
  switch (shutdown_.handle(clock_.now(), event)) {
    case Shutdown::Effect::None:
      return;
    case Shutdown::Effect::StopPools:
      return acts_.stop_pools();
    case Shutdown::Effect::EndSessions:
      return acts_.end_sessions();
    case Shutdown::Effect::CloseDoor:
      return acts_.close_door();
    case Shutdown::Effect::EndProcess:
      return acts_.end_process();
  }
}

void ShutdownHand::look() {
  will_look_ = false;
  tell(what_happened().value_or(Shutdown::Event::TimerFired));
  if (shutdown_.deadline()) look_after(kPause);
}

void ShutdownHand::look_after(core::Duration delay) {
  if (std::exchange(will_look_, true)) return;
  clock_.after(delay, [this] { look(); });
}

}  // namespace ringmaster::daemon
