#pragma once

#include "daemon/jobs/job_asker.h"
#include "proto/control.pb.h"

/// What is answered about jobs, as messages. The values' texts and bytes move into them.
namespace ringmaster::daemon {

[[nodiscard]] control::v1::OutcomeKind outcome_kind(Status status);
[[nodiscard]] control::v1::Outcome outcome_message(JobOutcome outcome);

/// The id is filled in by who sends it.
[[nodiscard]] control::v1::Reply job_reply(JobAnswer answer);

}  // namespace ringmaster::daemon
