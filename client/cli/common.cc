#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <thread>

#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/control/control_link.h"

namespace ringmaster::cli {

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "ringmaster: %s\n", message.c_str());
  return code;
}

int print(const std::string& text, int code) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && written) return code;
  return fail(kExitFile, errno_error("cannot write standard output", errno).message);
}

Result<Client> connect(const CommonOptions& common) {
  ConnectOptions options;
  options.socket = common.socket;
  options.name = "ringmaster";
  return Client::connect(options);
}

Result<PoolHandlers> describe_pool(Client& client, const std::string& pool) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (Duration pause = std::chrono::milliseconds(5);;
       pause = std::min<Duration>(2 * pause, std::chrono::milliseconds(200))) {
    auto pools = client.handlers(pool);
    if (!pools) return pools.error();
    if (pools->size() != 1)
      return Error{"pool \"" + pool + "\": unknown; \"ringmaster handlers\" lists what there is",
                   kRefusedByDaemon + control::v1::ERROR_UNKNOWN_POOL};
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
      return kExitRejected;
    case SubmitError::SessionClosed:
    case SubmitError::Forked:
      return kExitLost;
  }
  return kExitRejected;
}

int exit_code(const Error& error) noexcept {
  const int refusal = error.code - kRefusedByDaemon;
  if (refusal < 0 || refusal == control::v1::ERROR_VERSION || refusal == control::v1::ERROR_INTERNAL)
    return kExitNoDaemon;
  return kExitRejected;
}

}  // namespace ringmaster::cli
