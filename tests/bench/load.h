#pragma once

#include <exception>
#include <optional>
#include <string>
#include <thread>

#include "tests/bench/daemon.h"
#include "tests/bench/floors.h"

/// The load that the measurements of the job path put on a pool.
namespace ringmaster::bench {

/// A session with 256 slots and room for the largest payload.
[[nodiscard]] Session open_session(const Daemon& daemon, const std::string& pool,
                                   std::optional<Duration> spin = std::nullopt);

/// Throws std::runtime_error unless the job is done.
void expect_done(const Outcome& outcome);

/// Submits one job and waits for it.
Timings run_one(Session& session, const char* handler = "nothing", Request request = {});

/// The median of `count` round trips of an empty job, with a rest before each.
[[nodiscard]] double sequential_p50(Session& session, int rounds, Duration rest = Duration(0));

/// `count` empty jobs, 64 in flight.
[[nodiscard]] double jobs_per_second(Session& session, int count);

/// Runs `body` in a thread of its own, pinned to the first CPU, so that the pin ends with it.
template <typename Body>
void pinned(Body body) {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      pin_to_cpu(0);
      body();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ringmaster::bench
