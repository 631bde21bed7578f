#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/console/words.h"
#include "client/client.h"

/// The options of each command.
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
  bool output = false;  ///< what the job writes is shown
  std::string label = {};
};
struct MapCommand {
  JobOptions job;
  std::string out;
  std::optional<std::string>
      extension;              ///< "": drop the input's last extension; unset: by the handler's rule; has no '/'
  std::size_t in_flight = 0;  ///< 0: chosen by the number of CPUs
  bool once = false;          ///< not idempotent
  bool force = false;
  std::vector<std::string> files;
};

struct HealthCommand {
  bool live = false;                           ///< status 0 means: the daemon answers
  bool ready = false;                          ///< status 0 means: jobs are taken, and there are workers for them
  Duration timeout = std::chrono::seconds(5);  ///< to wait for an answer
  Duration wait{0};                            ///< how long to ask again until the status is 0
};

struct PoolCommand {
  std::string name;
  std::string config;  ///< a file
  unsigned workers = 0;
  unsigned min_workers = 0;
  unsigned most_workers = 0;
  std::optional<Duration> timeout;  ///< for running jobs; unset: the daemon's
};

}  // namespace ringmaster::cli
