#pragma once

#include <chrono>
#include <string>

#include "client/cli/console/exit_code.h"
#include "client/cli/console/options.h"

/// What all commands share: connect to the daemon, print errors, choose the exit status.
namespace ringmaster::cli {

/// Prints "ringmaster: MESSAGE", cleaned, to standard error and returns `code`.
int fail(int code, const std::string& message);
/// The same, but returns kExitInterrupted if the user has interrupted the command.
int fail_unless_interrupted(int code, const std::string& message);

/// How long a command waits for a limit that clears by itself: too many connections, sessions or jobs of this user.
inline constexpr Duration kBusyTimeout = std::chrono::seconds(5);
inline constexpr Duration kJobBusyTimeout = std::chrono::seconds(30);  ///< of submit and map, unless --queue-timeout
[[nodiscard]] Duration busy_timeout(const JobOptions& job) noexcept;

/// Connects to the daemon. One that has too many connections is asked again for up to `busy`.
[[nodiscard]] Result<Client> connect(const CommonOptions& common, Duration busy = kBusyTimeout);
/// The same for commands that run no job: does not start a stopped service, and an administrator is let in even if all
/// connections are in use.
[[nodiscard]] Result<Client> connect_to_administer(const CommonOptions& common, Duration busy = kBusyTimeout);
/// Opens a session, asking again likewise.
[[nodiscard]] Result<Session> open_patiently(Client& client, const std::string& pool, const SessionOptions& options,
                                             Duration busy);
/// The handlers of one pool. Waits for its first worker as long as opening a session would.
[[nodiscard]] Result<PoolHandlers> describe_pool(Client& client, const std::string& pool);
[[nodiscard]] const HandlerDescription* find_handler(const PoolHandlers& pool, const std::string& handler);
/// The exit status for a refusal.
[[nodiscard]] int exit_code(SubmitError error) noexcept;
/// The exit status for a failed request to the daemon: kExitRefused if the daemon refused, else kExitNoDaemon.
[[nodiscard]] int exit_code(const Error& error) noexcept;
/// Prints results to standard output. Returns `code`, or kExitFile if they could not be written (without a message if
/// the reader is gone).
[[nodiscard]] int print(const std::string& text, int code = kExitDone);

}  // namespace ringmaster::cli
