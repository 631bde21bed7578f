#include "daemon/core/pool/availability.h"

namespace ringmaster::core {

// clang-format off
// event \ state   | Starting   | NeverReady | Serving | Failing | tells who waits
// became ready    | Serving    | Serving    | -       | Serving | no
// boot failed     | -          | -          | -       | -       | no
//  one too many   | NeverReady | -          | -       | -       | if nobody was ready
// start timed out | NeverReady | -          | -       | -       | yes
// quarantined     | NeverReady | -          | Failing | -       | yes
// quarantine left | -          | Starting   | -       | Serving | no
// clang-format on
bool Availability::handle(Event event) {
  switch (event) {
    case Event::BecameReady:
      state_ = State::Serving;
      boot_failures_ = 0;
      return false;
    case Event::BootFailed:
      return boot_failed();
    case Event::StartTimedOut:
      if (!was_ready()) state_ = State::NeverReady;
      return true;
    case Event::Quarantined:
      state_ = was_ready() ? State::Failing : State::NeverReady;
      return true;
    case Event::QuarantineLeft:
      state_ = was_ready() ? State::Serving : State::Starting;
      return false;
  }
  return false;
}

bool Availability::boot_failed() {
  ++boot_failures_;
  if (boot_failures_ <= seats_ || was_ready()) return false;
  state_ = State::NeverReady;
  return true;
}

}  // namespace ringmaster::core
