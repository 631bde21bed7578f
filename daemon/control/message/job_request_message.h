#pragma once

#include "daemon/jobs/job_request.h"
#include "proto/control.pb.h"

/// Requests about jobs, made from messages. Texts and bytes are moved out of the messages.
namespace ringmaster::daemon {

[[nodiscard]] SubmitRequest submit_request(control::v1::Submit&& message);
[[nodiscard]] FetchRequest fetch_request(const control::v1::Fetch& message);
[[nodiscard]] CancelRequest cancel_request(const control::v1::Cancel& message);
[[nodiscard]] StackRequest stack_request(const control::v1::GetStack& message);

}  // namespace ringmaster::daemon
