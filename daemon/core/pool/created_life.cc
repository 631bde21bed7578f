#include "daemon/core/pool/created_life.h"

#include <utility>

namespace ringmaster::core {

// event \ state | Created         | Serving  | Draining | Removing | Removed
// held          | Serving         | -        | -        | -        | -
// not held      | Removed         | -        | -        | -        | -
// unwanted      | Removed         | Draining | again *  | -        | -
// workers gone  | -               | -        | Removing | -        | -
// sessions gone | -               | -        | -        | Removed  | -
// * its drain may be asked to hurry
std::vector<CreatedLife::Effect> CreatedLife::handle(Event event) {
  switch (event) {
    case Event::Held:
      if (state_ == State::Created) return become(State::Serving, {Effect::Serve});
      break;
    case Event::NotHeld:
      if (state_ == State::Created) return become(State::Removed, {Effect::Refuse, Effect::Forget});
      break;
    case Event::Unwanted:
      if (state_ == State::Created) return become(State::Removed, {Effect::Refuse, Effect::Forget});
      if (state_ == State::Serving || state_ == State::Draining) return become(State::Draining, {Effect::Drain});
      break;
    case Event::WorkersGone:
      if (state_ == State::Draining) return become(State::Removing, {Effect::EndSessions});
      break;
    case Event::SessionsGone:
      if (state_ == State::Removing) return become(State::Removed, {Effect::Forget});
      break;
  }
  return {};
}

std::vector<CreatedLife::Effect> CreatedLife::become(State state, std::vector<Effect> effects) {
  state_ = state;
  return effects;
}

const char* to_string(CreatedLife::State state) {
  switch (state) {
    case CreatedLife::State::Created:
      return "created";
    case CreatedLife::State::Serving:
      return "serving";
    case CreatedLife::State::Draining:
      return "draining";
    case CreatedLife::State::Removing:
      return "removing";
    case CreatedLife::State::Removed:
      return "removed";
  }
  return "unknown";
}

}  // namespace ringmaster::core
