#include <cstring>
#include <memory>
#include <stdexcept>

#include "tests/bench/floors.h"
#include "tests/bench/load.h"
#include "tests/bench/measures.h"
#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

constexpr std::size_t kMib = 1024 * 1024;

}  // namespace

void measure_round_trips(const Daemon& daemon, Report& report) {
  daemon.pin_workers("one", 1);
  daemon.pin_workers("two", 1);
  daemon.pin_workers("nospin", 1);
  pinned([&] {
    auto one = open_session(daemon, "one");
    report.add("roundtrip_hot_p50_us", sequential_p50(one, 20'000));
    auto two = open_session(daemon, "two");
    report.add("roundtrip_hot_2w_p50_us", sequential_p50(two, 20'000));
    auto parked = open_session(daemon, "nospin", Duration(0));
    report.add("roundtrip_parked_p50_us", sequential_p50(parked, 1000, std::chrono::microseconds(200)));
  });
  auto free = open_session(daemon, "free");
  report.add("sequential_default_p50_us", sequential_p50(free, 20'000));
}

void measure_rates(const Daemon& daemon, Report& report) {
  pinned([&] {
    auto one = open_session(daemon, "one");
    report.add("jobs_per_s_1w", jobs_per_second(one, 1'000'000));
    auto asleep = open_session(daemon, "nospin", Duration(0));
    report.add("jobs_per_s_nospin_1w", jobs_per_second(asleep, 300'000));
  });
  auto two = open_session(daemon, "free2");
  report.add("jobs_per_s_2w", jobs_per_second(two, 500'000));
}

void measure_payloads(const Daemon& daemon, Report& report) {
  pinned([&] {
    auto session = open_session(daemon, "one");
    for (const std::size_t size : {std::size_t{64}, std::size_t{4096}, std::size_t{65536}, kMib, 16 * kMib}) {
      std::vector<double> times;
      for (int i = 0; i < 1000; ++i) {
        // The bytes are not touched: this is what the hand-over itself costs, in an extent that was used before.
        const auto start = Clock::now();
        run_one(session, "nothing", session.allocate(size).value());
        times.push_back(microseconds(Clock::now() - start));
      }
      report.add("handover_" + std::to_string(size), median(std::move(times)));
    }
    double best = 0;
    for (int i = 0; i < 9; ++i) {
      const auto start = Clock::now();
      Request request = session.allocate(16 * kMib).value();
      std::memset(request.bytes().data(), i + 1, request.bytes().size());
      run_one(session, "read", std::move(request));
      const double time = milliseconds(Clock::now() - start);
      if (i == 0 || time < best) best = time;
    }
    const double alone = fill_and_read_ms(16 * kMib);
    report.add("fill_and_read_16mib_ratio", best / alone);
    report.add("fill_and_read_two_cpus_ratio", fill_and_read_on_two_cpus_ms(16 * kMib) / alone);
  });
}

void measure_dispatch(const Daemon& daemon, Report& report) {
  auto session = open_session(daemon, "free2");
  const auto submit = [&](const char* us) {
    return session.submit("busy", Request{}, Arguments{Argument{"us", us}}).value();
  };
  // A session's first job with arguments reserves its first pages.
  expect_done(submit("1").wait());
  std::vector<double> efficiencies;
  for (int round = 0; round < 9; ++round) {
    std::vector<PendingJob> jobs;
    const auto start = Clock::now();
    for (int i = 0; i < 4; ++i) jobs.push_back(submit("10000"));
    Duration handlers{0};
    for (PendingJob& job : jobs) {
      const Outcome outcome = job.wait();
      expect_done(outcome);
      handlers += outcome.timings().run;
    }
    constexpr double kWorkers = 2;
    efficiencies.push_back(seconds(handlers) / (seconds(Clock::now() - start) * kWorkers));
  }
  report.add("dispatch_efficiency", median(std::move(efficiencies)));
}

}  // namespace ringmaster::bench
