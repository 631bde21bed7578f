#include "client/session/session_life.h"

namespace ringmaster::client {
namespace {

// The message for the board's value. A value that this client does not know, of a later daemon, counts as draining.
std::string why_closed(shm::BoardClosed board, const std::string& pool) {
  const std::string name = "pool \"" + pool + "\" ";
  switch (board) {
    case shm::BoardClosed::Quarantined:
      return name + "has no worker: they die before they finish a job; see `ringmaster status`, or use another pool";
    case shm::BoardClosed::Stopping:
      return name + "takes no new work: the daemon is stopping; connect again when it has been started";
    case shm::BoardClosed::Open:
    case shm::BoardClosed::Draining:
      break;
  }
  return name + "is draining and takes no new work; wait for `ringmaster drain --resume " + pool +
         "`, or use another pool";
}

}  // namespace

Refusal SessionLife::refusal(shm::BoardClosed board, const std::string& pool) const {
  if (closed_) return {SubmitError::SessionClosed, "the session is closed; open another"};
  if (gone_) return {SubmitError::SessionClosed, "the daemon is gone; connect and open a session again"};
  return {SubmitError::Draining, why_closed(board, pool)};
}

OutcomeFacts SessionLife::end_of_the_rest() const {
  OutcomeFacts facts;
  facts.cause = closed_ ? Cause::Cancelled : Cause::Lost;
  facts.status = status_of(facts.cause);
  facts.message = closed_ ? "the session was closed" : "the daemon is gone";
  return facts;
}

}  // namespace ringmaster::client
