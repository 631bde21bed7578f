#include "daemon/core/daemon/shutdown.h"

namespace ringmaster::core {

// clang-format off
//
//              StopRequested        PoolsStopped          WorkEnded           RepliesSent         TimerFired, deadline over
//   Serving    Stopping, StopPools  -                     -                   -                   -
//   Stopping   -                    Closing, EndSessions  -                   -                   -
//   Closing    -                    -                     Parting, CloseDoor  -                   Parting, CloseDoor
//   Parting    -                    -                     -                   Ended, EndProcess   Ended, EndProcess
//   Ended      -                    -                     -                   -                   -
//
// clang-format on
Shutdown::Effect Shutdown::handle(TimePoint now, Event event) {
  const bool late = event == Event::TimerFired && deadline_ && now >= *deadline_;
  switch (state_) {
    case State::Serving:
      if (event == Event::StopRequested) return enter(State::Stopping, Effect::StopPools);
      break;
    case State::Stopping:
      if (event == Event::PoolsStopped) return enter(State::Closing, Effect::EndSessions, now + kCloseLimit);
      break;
    case State::Closing:
      if (event == Event::WorkEnded || late) return enter(State::Parting, Effect::CloseDoor, now + kPartLimit);
      break;
    case State::Parting:
      if (event == Event::RepliesSent || late) return enter(State::Ended, Effect::EndProcess);
      break;
    case State::Ended:
      break;
  }
  return Effect::None;
}

Shutdown::Effect Shutdown::enter(State state, Effect effect, std::optional<TimePoint> deadline) {
  state_ = state;
  deadline_ = deadline;
  return effect;
}

}  // namespace ringmaster::core
