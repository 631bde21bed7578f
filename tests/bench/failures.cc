#include <csignal>
#include <deque>
#include <stdexcept>
#include <thread>

#include "tests/bench/measures.h"
#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

using Millis = std::chrono::milliseconds;

Session open(const Daemon& daemon, const std::string& pool) {
  auto client = daemon.connect();
  return client.open(pool, {.slots = 256, .request_ring_bytes = 1 << 20, .result_ring_bytes = 1 << 20}).value();
}

double since_ms(Clock::time_point start) { return bench::milliseconds(Clock::now() - start); }

void expect(bool as_it_must_be, const Outcome& outcome) {
  if (!as_it_must_be) throw std::runtime_error("a job ended in a way it must not: " + outcome.describe());
}

struct Shots {
  int jobs = 0;
  int failed = 0;
  int kills = 0;
};

/// `count` jobs of 4 ms on the pool "chaos" while one of its workers is killed every 50 ms.
Shots under_fire(const Daemon& daemon, int count, bool idempotent) {
  auto session = open(daemon, "chaos");
  const Arguments pause = {Argument{"us", "4000"}};
  Shots shots;
  std::jthread killer([&](const std::stop_token& stop) {
    for (unsigned turn = 0; !stop.stop_requested(); ++turn) {
      const auto workers = daemon.workers("chaos");
      if (!workers.empty() && ::kill(workers[turn % workers.size()], SIGKILL) == 0) ++shots.kills;
      std::this_thread::sleep_for(Millis(50));
    }
  });
  std::deque<PendingJob> flying;
  const auto settle = [&] {
    const Outcome outcome = flying.front().wait();
    flying.pop_front();
    ++shots.jobs;
    if (!outcome.ok()) ++shots.failed;
  };
  for (int i = 0; i < count; ++i) {
    if (flying.size() == 64) settle();
    flying.push_back(session.submit("pause", Request{}, pause, {.idempotent = idempotent}).value());
  }
  while (!flying.empty()) settle();
  killer.request_stop();
  killer.join();
  return shots;
}

}  // namespace

void measure_crash(const Daemon& daemon, Report& report) {
  auto session = open(daemon, "crash");
  std::vector<double> times;
  for (int i = 0; i < 20; ++i) {
    const auto death = Clock::now() + Millis(20);
    auto victim =
        session.submit("die_at", Request{}, Arguments{Argument{"ns", std::to_string(death.time_since_epoch().count())}})
            .value();
    auto next = session.submit("nothing", Request{}).value();
    const Outcome outcome = next.wait();
    times.push_back(since_ms(death));
    expect(outcome.ok(), outcome);
    const Outcome crashed = victim.wait();
    expect(crashed.status() == Status::Crashed, crashed);
    // The next spare gets ready before the next crash, as in a pool that does not crash all the time.
    std::this_thread::sleep_for(Millis(300));
  }
  report.add("crash_to_next_done_ms_p50", median(std::move(times)));
}

namespace {

std::string instant(Clock::time_point time) { return std::to_string(time.time_since_epoch().count()); }

/// From a SIGSEGV until the job queued behind it is done, and until its caller knows.
void fault_in(const Daemon& daemon, const std::string& pool, std::vector<double>& nexts, std::vector<double>& ends) {
  auto session = open(daemon, pool);
  for (int i = 0; i < 10; ++i) {
    const auto fault = Clock::now() + Millis(20);
    std::vector<PendingJob> jobs;
    jobs.push_back(session.submit("fault_at", Request{}, Arguments{Argument{"ns", instant(fault)}}).value());
    jobs.push_back(session.submit("nothing", Request{}).value());
    for (int ended = 0; ended < 2; ++ended) {
      const std::size_t which = session.wait_any(jobs).value();
      const double late = since_ms(fault);
      const Outcome outcome = jobs[which].wait();
      (which == 0 ? ends : nexts).push_back(late);
      expect(outcome.status() == (which == 0 ? Status::Crashed : Status::Done), outcome);
    }
    std::this_thread::sleep_for(Millis(300));
  }
}

}  // namespace

void measure_fault(const Daemon& daemon, Report& report) {
  std::vector<double> nexts;
  std::vector<double> ends;
  fault_in(daemon, "crash", nexts, ends);
  report.add("segv_to_next_done_ms_p50", median(std::move(nexts)));
  report.add("segv_to_outcome_ms_p50", median(std::move(ends)));
  nexts.clear();
  ends.clear();
  fault_in(daemon, "alone", nexts, ends);
  report.add("segv_to_next_done_alone_ms_p50", median(std::move(nexts)));

  auto session = open(daemon, "crash");
  std::vector<double> retries;
  for (int i = 0; i < 10; ++i) {
    const auto fault = Clock::now() + Millis(20);
    auto job =
        session
            .submit("fault_at", Request{}, Arguments{Argument{"ns", instant(fault)}}, SubmitOptions{.idempotent = true})
            .value();
    const Outcome outcome = job.wait();
    retries.push_back(since_ms(fault));
    expect(outcome.ok() && outcome.attempts() == 2, outcome);
    std::this_thread::sleep_for(Millis(300));
  }
  report.add("segv_to_retry_done_ms_p50", median(std::move(retries)));
}

void measure_deadline(const Daemon& daemon, Report& report) {
  auto session = open(daemon, "deadline");
  constexpr auto kDeadline = Millis(50);
  std::vector<double> outcomes;
  std::vector<double> nexts;
  for (int i = 0; i < 20; ++i) {
    const auto start = Clock::now();
    std::vector<PendingJob> jobs;
    jobs.push_back(session.submit("hang", Request{}).value());
    jobs.push_back(session.submit("nothing", Request{}).value());
    for (int ended = 0; ended < 2; ++ended) {
      const std::size_t which = session.wait_any(jobs).value();
      const double late = since_ms(start + kDeadline);
      const Outcome outcome = jobs[which].wait();
      (which == 0 ? outcomes : nexts).push_back(late);
      expect(outcome.status() == (which == 0 ? Status::TimedOut : Status::Done), outcome);
    }
    std::this_thread::sleep_for(Millis(300));
  }
  report.add("deadline_to_outcome_ms_p99", percentile(std::move(outcomes), 0.99));
  // The verdict itself is not seen from outside. The spare takes over at it, so it came before the next job's end.
  report.add("deadline_overshoot_ms_p99", percentile(nexts, 0.99));
  report.add("deadline_to_next_done_ms_p50", median(std::move(nexts)));
}

void measure_chaos(const Daemon& daemon, Report& report) {
  const Shots plain = under_fire(daemon, 4000, false);
  report.add("chaos_settled", plain.jobs);
  report.add("chaos_failed", plain.failed);
  report.add("chaos_kills", plain.kills);
  report.add("chaos_failed_with_retries", under_fire(daemon, 4000, true).failed);
}

void measure_supervisor_kill(const Daemon& daemon, Report& report) {
  auto session = open(daemon, "free2");
  int failed = 0;
  std::jthread load([&](const std::stop_token& stop) {
    std::deque<PendingJob> flying;
    while (!stop.stop_requested() || !flying.empty()) {
      if (flying.size() == 64 || stop.stop_requested()) {
        if (!flying.front().wait().ok()) ++failed;
        flying.pop_front();
        continue;
      }
      flying.push_back(session.submit("busy", Request{}, Arguments{Argument{"us", "100"}}).value());
    }
  });
  std::this_thread::sleep_for(Millis(200));
  auto client = daemon.connect();
  (void)client.handlers("free2").value();
  const pid_t victim = daemon.supervisor();
  const auto start = Clock::now();
  ::kill(victim, SIGKILL);
  while (client.handlers("free2").has_error()) std::this_thread::sleep_for(Millis(1));
  report.add("supervisor_back_ms", since_ms(start));
  std::this_thread::sleep_for(Millis(500));
  load.request_stop();
  load.join();
  report.add("supervisor_kill_failed_jobs", failed);
}

}  // namespace ringmaster::bench
