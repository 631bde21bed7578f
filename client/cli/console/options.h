#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/console/words.h"
#include "client/client.h"

/// What each command was told.
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

}  // namespace ringmaster::cli
