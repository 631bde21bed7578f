#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/control/message/outcome_message.h"
#include "daemon/control/message/session_message.h"
#include "daemon/control/responder.h"
#include "daemon/jobs/job_asker.h"
#include "daemon/sessions/session_request.h"

namespace ringmaster::daemon {

/// A request about a job that came over the socket: the answer is sent as a message.
class MessageJobAsker final : public JobAsker {
 public:
  explicit MessageJobAsker(Responder respond) : respond_(std::move(respond)) {}

  [[nodiscard]] bool alive() const override { return respond_.alive(); }
  bool answer(JobAnswer&& answer) override {
    std::vector<UniqueFd> fds;
    const auto* outcome = std::get_if<JobOutcome>(&answer);
    if (outcome != nullptr && outcome->spilled) fds.push_back(std::move(*outcome->spilled));
    return respond_(job_reply(std::move(answer)), std::move(fds));
  }
  void when_room(std::function<void()> then) override { respond_.when_room(std::move(then)); }
  [[nodiscard]] std::uint64_t connection() const override { return respond_.connection(); }

 private:
  Responder respond_;
};

[[nodiscard]] inline JobAskerPtr job_asker(Responder respond) {
  return std::make_shared<MessageJobAsker>(std::move(respond));
}

/// A request about a session; the descriptors of an offer, a result or a parcel are sent with its message.
[[nodiscard]] inline SessionAsker session_asker(Responder respond) {
  return [respond = std::move(respond)](SessionAnswer&& answer) {
    control::v1::Reply reply = session_message(answer);
    std::vector<UniqueFd> fds;
    if (auto* offer = std::get_if<SessionOffer>(&answer)) fds = std::move(offer->ends);
    if (auto* result = std::get_if<SpilledResult>(&answer)) fds.push_back(std::move(result->file));
    if (auto* parcel = std::get_if<ParcelOffer>(&answer)) fds.push_back(std::move(parcel->file));
    respond(std::move(reply), std::move(fds));
  };
}

}  // namespace ringmaster::daemon
