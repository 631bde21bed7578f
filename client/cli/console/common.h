#pragma once

#include <chrono>
#include <string>

#include "client/cli/console/exit_code.h"
#include "client/cli/console/options.h"

/// What every command does: finds its daemon, says what went wrong, ends with a status.
namespace ringmaster::cli {

/// Prints "ringmaster: MESSAGE", cleaned, to standard error and returns `code`.
int fail(int code, const std::string& message);
/// The same for what ended because the user interrupted it, else with `code`.
int fail_unless_interrupted(int code, const std::string& message);

/// How long a command waits for a limit that clears by itself: too many connections, sessions or jobs of this user.
inline constexpr Duration kBusyTimeout = std::chrono::seconds(5);
inline constexpr Duration kJobBusyTimeout = std::chrono::seconds(30);  ///< of submit and map, unless --queue-timeout
[[nodiscard]] Duration busy_timeout(const JobOptions& job) noexcept;

/// A daemon, or the reason why there is none. One that has too many connections is asked again for `busy`.
[[nodiscard]] Result<Client> connect(const CommonOptions& common, Duration busy = kBusyTimeout);
/// The same for what is no job: a service that is stopped stays so, and an administrator is let in when it is crowded.
[[nodiscard]] Result<Client> connect_to_administer(const CommonOptions& common, Duration busy = kBusyTimeout);
/// A session, likewise.
[[nodiscard]] Result<Session> open_patiently(Client& client, const std::string& pool, const SessionOptions& options,
                                             Duration busy);
/// The table of one pool, waiting for its first worker as long as a session would.
[[nodiscard]] Result<PoolHandlers> describe_pool(Client& client, const std::string& pool);
[[nodiscard]] const HandlerDescription* find_handler(const PoolHandlers& pool, const std::string& handler);
/// The exit status that a refusal stands for.
[[nodiscard]] int exit_code(SubmitError error) noexcept;
/// The same for a failed question to the daemon: refused if it answered that it will not, else no daemon.
[[nodiscard]] int exit_code(const Error& error) noexcept;
/// Prints results to standard output: `code`, or kExitFile when they could not be written; in silence where its reader
/// has gone.
[[nodiscard]] int print(const std::string& text, int code = kExitDone);

}  // namespace ringmaster::cli
