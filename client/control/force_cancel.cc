#include "client/control/force_cancel.h"

#include <algorithm>

namespace ringmaster::client {

bool force_cancel(ControlLink& link, std::uint64_t job_id, const Force& force) {
  CancelRequest cancel{.job_id = job_id, .force = true, .grace_ms = std::nullopt};
  if (force.grace) {
    const auto grace = std::chrono::ceil<std::chrono::milliseconds>(std::max(*force.grace, Duration(0)));
    cancel.grace_ms = static_cast<std::uint32_t>(std::min<std::int64_t>(grace.count(), UINT32_MAX));
  }
  const auto answer = link.ask_soon(encode(cancel), force.patience);
  if (!answer || answer->reply.kind() != ReplyKind::Cancelled) return false;
  const auto cancelled = CancelledReply::read(answer->reply.body());
  return cancelled && (cancelled->forced || cancelled->was_queued || cancelled->already_ended);
}

}  // namespace ringmaster::client
