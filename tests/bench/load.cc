#include "tests/bench/load.h"

#include <deque>
#include <stdexcept>

#include "tests/bench/samples.h"

namespace ringmaster::bench {

constexpr std::size_t kMib = 1024 * 1024;

Session open_session(const Daemon& daemon, const std::string& pool, std::optional<Duration> spin) {
  auto client = daemon.connect();
  return client.open(pool, {.slots = 256, .request_ring_bytes = 64 * kMib, .result_ring_bytes = kMib, .spin = spin})
      .value();
}

void expect_done(const Outcome& outcome) {
  if (!outcome.ok()) throw std::runtime_error("a job that must be done ended so: " + outcome.describe());
}

Timings run_one(Session& session, const char* handler, Request request) {
  const Outcome outcome = session.submit(handler, std::move(request)).value().wait();
  expect_done(outcome);
  return outcome.timings();
}

double sequential_p50(Session& session, int rounds, Duration rest) {
  for (int i = 0; i < 200; ++i) (void)run_one(session);
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    if (rest > Duration(0)) std::this_thread::sleep_for(rest);
    const auto start = Clock::now();
    (void)run_one(session);
    times.push_back(microseconds(Clock::now() - start));
  }
  return median(std::move(times));
}

double jobs_per_second(Session& session, int count) {
  std::deque<PendingJob> flying;
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) {
    if (flying.size() == 64) {
      expect_done(flying.front().wait());
      flying.pop_front();
    }
    flying.push_back(session.submit("nothing", Request{}).value());
  }
  for (PendingJob& job : flying) expect_done(job.wait());
  return count / seconds(Clock::now() - start);
}

}  // namespace ringmaster::bench
