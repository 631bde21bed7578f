#include "client/control/force_cancel.h"

#include <algorithm>

namespace ringmaster::client {

namespace v1 = control::v1;

bool force_cancel(ControlLink& link, std::uint64_t job_id, const Force& force) {
  v1::Request request;
  v1::Cancel& cancel = *request.mutable_cancel();
  cancel.set_job_id(job_id);
  cancel.set_force(true);
  if (force.grace) {
    const auto grace = std::chrono::ceil<std::chrono::milliseconds>(std::max(*force.grace, Duration(0)));
    cancel.set_grace_ms(static_cast<std::uint32_t>(std::min<std::int64_t>(grace.count(), UINT32_MAX)));
  }
  const auto answer = link.ask_soon(std::move(request), force.patience);
  if (!answer || answer->reply.body_case() != v1::Reply::kCancelled) return false;
  const v1::Cancelled& cancelled = answer->reply.cancelled();
  return cancelled.forced() || cancelled.was_queued() || cancelled.already_ended();
}

}  // namespace ringmaster::client
