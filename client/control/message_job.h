#pragma once

#include "client/control/control_link.h"
#include "client/types/options.h"

namespace ringmaster::client {

/// Runs a job whose payload and result are sent as messages. `link` should belong to this job alone: it is busy until
/// the job has ended. After a broken connection the outcome is fetched by cookie. A job is sent again only if it never
/// arrived, or, if that cannot be known, if it is idempotent.
[[nodiscard]] Result<Outcome> run_message_job(ControlLink& link, const std::string& pool, const std::string& handler,
                                              std::span<const std::byte> payload, const Arguments& arguments,
                                              const SubmitOptions& options);

/// How long a daemon keeps an outcome that nobody has fetched (proto/PROTOCOL.md).
inline constexpr Duration kOutcomesKept = std::chrono::seconds(60);
/// True if a job that the daemon does not know may be sent again: it never arrived at this daemon, or running it twice
/// does no harm.
[[nodiscard]] bool may_send_again(bool same_daemon, Duration since_submit, bool idempotent) noexcept;

}  // namespace ringmaster::client
