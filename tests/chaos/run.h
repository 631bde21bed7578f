#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/chaos/daemon.h"
#include "tests/chaos/judge.h"
#include "tests/chaos/schedule.h"

namespace ringmaster::chaos {

struct RunOptions {
  std::uint64_t seed = 1;
  Nanos length = std::chrono::minutes(1);
  unsigned clients = 6;
  std::uint32_t mean_pause_us = 8000;
  std::uint64_t largest_bytes = std::uint64_t{32} << 20;
  Pace pace;
  /// How long a client may take to see its jobs' ends once it was told to leave, and the daemon to give all back.
  Nanos patience = std::chrono::seconds(90);
  bool crashes = true;
};

struct RunResult {
  Judgement judgement;
  std::map<Act, std::uint64_t> acts;
  std::uint64_t spared = 0;  ///< kills of the supervisor left out, since the keeper would have seen a restart loop
  std::uint64_t client_lives = 0;
};

/// One run: starts daemon and clients, carries out the schedule, ends them, and judges their records.
/// Throws std::runtime_error if the run cannot be started.
[[nodiscard]] RunResult run_chaos(const Setup& setup, const RunOptions& options);

/// The history of one job, in the order of time, a line each.
[[nodiscard]] std::string lines_of(const Setup& setup, std::uint64_t job);

}  // namespace ringmaster::chaos
