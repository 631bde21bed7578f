#pragma once

#include "client/client.h"
#include "client/control/control_link.h"

namespace ringmaster {

/// A job whose payload and result travel as messages. `link` should be its own: it is busy until the job has ended.
/// After a broken connection the outcome is fetched by cookie; only a job that never arrived is sent again.
[[nodiscard]] Result<Outcome> run_message_job(ControlLink& link, const std::string& pool, const std::string& handler,
                                              std::span<const std::byte> payload, const Arguments& arguments,
                                              const SubmitOptions& options);

/// The daemon's outcome message as a value.
[[nodiscard]] Outcome to_outcome(control::v1::Outcome& message);

}  // namespace ringmaster
