#include "shm/cause.h"

namespace ringmaster {

Status status_of(Cause cause) noexcept {
  switch (cause) {
    case Cause::Completed:
      return Status::Done;
    case Cause::None:
    case Cause::Application:
      return Status::Failed;
    case Cause::Invalid:
    case Cause::TooLarge:
    case Cause::UnknownHandler:
    case Cause::ProtocolViolation:
    case Cause::Refused:
      return Status::Refused;
    case Cause::QueueTimeout:
    case Cause::RunTimeout:
      return Status::TimedOut;
    case Cause::CrashedSignal:
    case Cause::CrashedExit:
    case Cause::OutOfMemory:
    case Cause::Poisoned:
      return Status::Crashed;
    case Cause::Cancelled:
    case Cause::CancelledByForce:
      return Status::Cancelled;
    case Cause::Lost:
    case Cause::PoolRemoved:
      return Status::Lost;
  }
  return Status::Failed;
}

bool took_its_worker(Cause cause) noexcept {
  switch (cause) {
    case Cause::CrashedSignal:
    case Cause::CrashedExit:
    case Cause::OutOfMemory:
    case Cause::Poisoned:
    case Cause::RunTimeout:
      return true;
    case Cause::None:
    case Cause::Completed:
    case Cause::Application:
    case Cause::Invalid:
    case Cause::TooLarge:
    case Cause::UnknownHandler:
    case Cause::ProtocolViolation:
    case Cause::Refused:
    case Cause::QueueTimeout:
    case Cause::Cancelled:
    case Cause::CancelledByForce:
    case Cause::Lost:
    case Cause::PoolRemoved:
      return false;
  }
  return false;
}

std::string_view to_string(Cause cause) noexcept {
  switch (cause) {
    case Cause::None:
      return "none";
    case Cause::Completed:
      return "completed";
    case Cause::Application:
      return "handler failed";
    case Cause::Invalid:
      return "bad request";
    case Cause::TooLarge:
      return "result too large";
    case Cause::UnknownHandler:
      return "unknown handler";
    case Cause::QueueTimeout:
      return "queue timeout";
    case Cause::RunTimeout:
      return "run timeout";
    case Cause::CrashedSignal:
      return "crashed by signal";
    case Cause::CrashedExit:
      return "worker exited";
    case Cause::OutOfMemory:
      return "out of memory";
    case Cause::Cancelled:
      return "cancelled";
    case Cause::Lost:
      return "lost";
    case Cause::Poisoned:
      return "set aside: killed its worker too often";
    case Cause::ProtocolViolation:
      return "protocol violation";
    case Cause::Refused:
      return "refused";
    case Cause::CancelledByForce:
      return "cancelled by force";
    case Cause::PoolRemoved:
      return "pool removed";
  }
  return "none";
}

}  // namespace ringmaster
