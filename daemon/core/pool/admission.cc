#include "daemon/core/pool/admission.h"

namespace ringmaster::core {

Admission admission(Drain::State drain, bool hopeless) noexcept {
  switch (drain) {
    case Drain::State::Running:
      return hopeless ? Admission::Quarantined : Admission::Open;
    case Drain::State::Draining:
    case Drain::State::Drained:
      return Admission::Draining;
    case Drain::State::Stopping:
    case Drain::State::Killing:
    case Drain::State::Stopped:
      return Admission::Stopping;
  }
  return Admission::Stopping;
}

bool refuses(Drain::State drain, bool hopeless, bool paused, const QueuedJob& job) noexcept {
  if (hopeless || drain == Drain::State::Drained) return true;
  if (drain != Drain::State::Draining) return false;
  return !job.before_drain || (paused && job.first_attempt);
}

std::string refusal(const std::string& pool, Drain::State drain, bool unavailable, const std::string& last_death) {
  if (drain != Drain::State::Running) {
    return "pool \"" + pool + "\" is " + to_string(drain) + " and takes no new work";
  }
  if (!unavailable) return {};
  return "pool \"" + pool + "\" has no worker: the last one " + last_death +
         "; the daemon goes on trying, see its log and `ringmaster status`";
}

}  // namespace ringmaster::core
