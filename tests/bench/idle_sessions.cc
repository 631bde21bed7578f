#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "tests/bench/load.h"
#include "tests/bench/measures.h"
#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

constexpr std::size_t kMost = 1000;
constexpr int kRounds = 5;
// After so long without a job a session is cold.
constexpr auto kCooling = std::chrono::milliseconds(30);

/// Sessions that are open and have nothing to do.
class IdleSessions {
 public:
  IdleSessions(const Daemon& daemon, std::string pool) : client_(daemon.connect()), pool_(std::move(pool)) {}

  void grow_to(std::size_t count) {
    while (sessions_.size() < count) {
      auto opened = client_.open(pool_, {.slots = 64, .request_ring_bytes = 65536, .result_ring_bytes = 65536});
      if (!opened) throw std::runtime_error("an idle session was refused: " + opened.error().message);
      sessions_.push_back(std::move(*opened));
    }
    std::this_thread::sleep_for(kCooling);
  }
  Session& at(std::size_t index) { return sessions_[index]; }

 private:
  Client client_;
  std::string pool_;
  std::vector<Session> sessions_;
};

/// The least time of a job in a stream, and of a round trip, in microseconds.
struct Times {
  double job = 0;
  double round_trip = 0;
};

Times times_of(Session& busy) {
  Times best{1e9, 1e9};
  for (int round = 0; round < kRounds; ++round) {
    best.job = std::min(best.job, 1e6 / jobs_per_second(busy, 300'000));
    best.round_trip = std::min(best.round_trip, sequential_p50(busy, 20'000));
  }
  return best;
}

/// Of the first job into each: until its outcome is here, and until the worker had claimed it.
struct FirstJobs {
  std::vector<double> whole_us, queued_us;
};

FirstJobs first_jobs(IdleSessions& idle, std::size_t from, std::size_t to, Duration rest) {
  FirstJobs jobs;
  for (std::size_t at = from; at < to; ++at) {
    std::this_thread::sleep_for(rest);
    const auto start = Clock::now();
    const Timings timings = run_one(idle.at(at));
    jobs.whole_us.push_back(microseconds(Clock::now() - start));
    jobs.queued_us.push_back(microseconds(timings.queued));
  }
  return jobs;
}

/// First jobs into cold sessions while the pool's one worker has no rest: until the claim, since this thread shares its
/// CPU with the load's and may have to wait for it.
double first_job_beside_p99_us(Session& busy, IdleSessions& idle) {
  std::atomic<bool> over{false};
  std::jthread load([&] {
    while (!over.load(std::memory_order_relaxed)) (void)jobs_per_second(busy, 10'000);
  });
  FirstJobs jobs = first_jobs(idle, kMost / 2, kMost, std::chrono::microseconds(500));
  over.store(true, std::memory_order_relaxed);
  return percentile(std::move(jobs.queued_us), 0.99);
}

void measure_pool(const Daemon& daemon, const std::string& pool, const std::string& suffix, Report& report) {
  auto busy = open_session(daemon, pool);
  IdleSessions idle(daemon, pool);
  const Times none = times_of(busy);
  for (const std::size_t count : {std::size_t{1}, std::size_t{64}, kMost}) {
    idle.grow_to(count);
    const Times with = times_of(busy);
    report.add("idle_sessions_ratio_" + std::to_string(count) + suffix, with.job / none.job);
    report.add("idle_sessions_roundtrip_ratio_" + std::to_string(count) + suffix, with.round_trip / none.round_trip);
  }
  if (!suffix.empty()) return;
  report.add("idle_sessions_first_job_us",
             median(first_jobs(idle, 0, kMost / 2, std::chrono::milliseconds(1)).whole_us));
  report.add("idle_sessions_first_job_beside_us", first_job_beside_p99_us(busy, idle));
}

}  // namespace

void measure_idle_sessions(const Programs& programs, Report& report) {
  const auto pool = [&](const char* name, const char* workers) {
    return std::string("[pool.") + name + "]\nhandlers = [\"" + programs.handlers + "\"]\nworkers = " + workers +
           "\nspares = 0\n";
  };
  // Of 1,024 sessions there may be one per pool besides.
  const std::string limits = "[limits]\nsessions_per_uid = 1010\nslots_per_uid = 100000\n";
  for (const auto& [workers, suffix] : {std::pair("1", ""), std::pair("2", "_2w")}) {
    const Daemon daemon(programs, limits + pool("idle", workers));
    daemon.pin_workers("idle", 1);
    pinned([&, suffix = suffix] { measure_pool(daemon, "idle", suffix, report); });
  }
}

}  // namespace ringmaster::bench
