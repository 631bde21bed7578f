#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/cli/exit_code.h"
#include "client/cli/words.h"
#include "client/client.h"

/// One function per command; each returns the exit status and has said on standard error what went wrong.
namespace ringmaster::cli {

struct CommonOptions {
  std::string socket;
  bool json = false;
};
struct JobOptions {
  Target target;
  Arguments arguments;
  Duration timeout{0};
  Duration queue_timeout{0};
};
struct SubmitCommand {
  JobOptions job;
  std::optional<std::string> in;  ///< "-": standard input; unset: standard input unless it is a terminal
  std::string out = "-";
  bool idempotent = false;
};
struct MapCommand {
  JobOptions job;
  std::string out;
  std::optional<std::string> extension;  ///< "": drop the input's last one; unset: by the handler's rule; no '/'
  std::size_t in_flight = 0;             ///< 0: chosen
  bool once = false;                     ///< not idempotent
  bool force = false;
  std::vector<std::string> files;
};

struct HealthCommand {
  bool live = false;                           ///< status 0: the daemon answers
  bool ready = false;                          ///< status 0: jobs are taken, and there are workers for them
  Duration timeout = std::chrono::seconds(5);  ///< for an answer
  Duration wait{0};                            ///< for status 0
};

int run_submit(const CommonOptions& common, const SubmitCommand& command);
int run_map(const CommonOptions& common, const MapCommand& command);
int run_handlers(const CommonOptions& common, const std::string& pool);
/// `full`: stacks with every frame.
int run_status(const CommonOptions& common, const std::string& pool, bool watch, bool full);
int run_health(const CommonOptions& common, const HealthCommand& command);
int run_cancel(const CommonOptions& common, std::uint64_t job_id);
int run_drain(const CommonOptions& common, const std::string& pool, bool resume, bool wait);
int run_stop(const CommonOptions& common);

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
/// The same for a failed question to the daemon: rejected if it answered that it will not, else no daemon.
[[nodiscard]] int exit_code(const Error& error) noexcept;
/// Prints results to standard output: `code`, or kExitFile when they could not be written; in silence where its reader
/// has gone.
[[nodiscard]] int print(const std::string& text, int code = kExitDone);

}  // namespace ringmaster::cli
