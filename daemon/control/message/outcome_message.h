#pragma once

#include "daemon/jobs/job_asker.h"
#include "proto/control.pb.h"

/// Answers about jobs as messages. Texts and bytes are moved into the messages.
namespace ringmaster::daemon {

[[nodiscard]] control::v1::OutcomeKind outcome_kind(Status status);
[[nodiscard]] control::v1::Outcome outcome_message(JobOutcome outcome);

/// The sender fills in the reply's id.
[[nodiscard]] control::v1::Reply job_reply(JobAnswer answer);

}  // namespace ringmaster::daemon
