#include "client/cli/console/common.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <random>
#include <thread>

#include "client/cli/console/interrupt.h"
#include "client/cli/console/show_text.h"
#include "client/control/backoff.h"
#include "client/control/control_link.h"
#include "client/session/wait_step.h"

namespace ringmaster::cli {
namespace {

// Sleeps that an interrupt shortens.
void sleep_unless_interrupted(Duration time) {
  constexpr Duration kSlice = std::chrono::milliseconds(50);
  for (const client::TimeLimit limit(time); limit.left() > Duration(0) && !interrupted();)
    std::this_thread::sleep_for(std::min(limit.left(), kSlice));
}

// Calls `ask` again as long as the daemon refuses because of a limit that clears by itself.
template <typename Ask>
auto patiently(Duration busy, Ask&& ask) {
  const client::TimeLimit limit(busy);
  std::minstd_rand random(std::random_device{}());
  for (client::Backoff backoff(std::chrono::milliseconds(20), std::chrono::milliseconds(500));;) {
    auto answer = ask();
    const Duration left = limit.left();
    if (answer || !client::refused_for_now(answer.error()) || left <= Duration(0) || interrupted()) return answer;
    sleep_unless_interrupted(std::min(backoff.pause(static_cast<std::uint32_t>(random()) << 1), left));
  }
}

Result<Client> connect_for(const CommonOptions& common, Duration busy, bool administers) {
  ConnectOptions options;
  options.socket = common.socket;
  options.name = "ringmaster";
  options.busy_timeout = Duration(0);  // waits here instead, where an interrupt ends the wait
  options.administers = administers;
  return patiently(busy, [&] { return Client::connect(options); });
}

}  // namespace

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "ringmaster: %s\n", clean_line(message).c_str());
  return code;
}

int fail_unless_interrupted(int code, const std::string& message) {
  return fail(interrupted() ? kExitInterrupted : code, message);
}

int print(const std::string& text, int code) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && written) return code;
  if (errno == EPIPE) return kExitFile;  // the reader is gone: no message
  return fail(kExitFile, errno_error("cannot write standard output", errno).message);
}

Duration busy_timeout(const JobOptions& job) noexcept {
  return job.queue_timeout > Duration(0) ? job.queue_timeout : kJobBusyTimeout;
}

Result<Client> connect(const CommonOptions& common, Duration busy) { return connect_for(common, busy, false); }

Result<Client> connect_to_administer(const CommonOptions& common, Duration busy) {
  return connect_for(common, busy, true);
}

Result<Session> open_patiently(Client& client, const std::string& pool, const SessionOptions& options, Duration busy) {
  return patiently(busy, [&] { return client.open(pool, options); });
}

Result<PoolHandlers> describe_pool(Client& client, const std::string& pool) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (Duration pause = std::chrono::milliseconds(5);;
       pause = std::min<Duration>(2 * pause, std::chrono::milliseconds(200))) {
    auto pools = client.handlers(pool);
    if (!pools) return pools.error();
    if (pools->size() != 1)
      return Error{"pool \"" + pool + "\": unknown; \"ringmaster handlers\" lists what there is",
                   client::kRefusedByDaemon + static_cast<int>(client::ErrorCode::UnknownPool)};
    if (pools->front().known || interrupted() || std::chrono::steady_clock::now() >= end)
      return std::move(pools->front());
    std::this_thread::sleep_for(pause);
  }
}

const HandlerDescription* find_handler(const PoolHandlers& pool, const std::string& handler) {
  const auto found = std::find_if(pool.handlers.begin(), pool.handlers.end(),
                                  [&](const HandlerDescription& one) { return one.name == handler; });
  return found == pool.handlers.end() ? nullptr : &*found;
}

int exit_code(SubmitError error) noexcept {
  switch (error) {
    case SubmitError::QueueFull:
    case SubmitError::UnknownHandler:
    case SubmitError::BadArguments:
    case SubmitError::TooLarge:
    case SubmitError::TooLittleMemory:
    case SubmitError::BadOption:
    case SubmitError::Draining:
      return kExitRefused;
    case SubmitError::SessionClosed:
    case SubmitError::Forked:
      return kExitLost;
  }
  return kExitRefused;
}

int exit_code(const Error& error) noexcept {
  const auto refusal = client::refusal_of(error);
  if (!refusal || refusal == client::ErrorCode::Version || refusal == client::ErrorCode::Internal) return kExitNoDaemon;
  return kExitRefused;
}

}  // namespace ringmaster::cli
