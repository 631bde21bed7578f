#pragma once

#include <gtest/gtest.h>

#include "client/types/outcome.h"
#include "tests/chaos/content.h"
#include "tests/chaos/judge.h"

namespace ringmaster::chaos {

inline constexpr std::uint64_t kMs = 1'000'000;
inline constexpr std::uint64_t kJob = make_job(1, 1, 5);
inline constexpr std::uint64_t kWorker = 4000;

/// A history made by hand: one client that came and left well, one job as it should be, to be spoiled by a test.
class Planted : public ::testing::Test {
 protected:
  Planted() {
    plan_.job = kJob;
    plan_.request_bytes = 100;
    plan_.result_bytes = plan_.capacity = 100;
    add({at(0), Kind::ClientStarts, make_job(1, 1, 0), {50, 1, 1, 4}, {}});
    add({at(1), Kind::Daemon, 0, {77, 300}, {}});
    add({at(1), Kind::Missed, 0, {0}, {}});
  }
  /// Milliseconds since the run's begin, which was long ago.
  static std::uint64_t at(std::uint64_t ms) { return (1'000'000 + ms) * kMs; }
  void add(const Record& record) { history_.add(record); }

  void submitted(std::uint64_t ms = 10) {
    add({at(ms),
         Kind::Submitting,
         plan_.job,
         {static_cast<std::int64_t>(plan_.way), plan_.pool, static_cast<std::int64_t>(plan_.behave),
          (plan_.idempotent ? 1 : 0) + (plan_.listens ? 2 : 0), static_cast<std::int64_t>(plan_.request_bytes),
          static_cast<std::int64_t>(plan_.result_bytes), static_cast<std::int64_t>(plan_.capacity), plan_.timeout_ms,
          plan_.queue_timeout_ms, plan_.run_us},
         {}});
  }
  void accepted(std::uint64_t ms = 11) { add({at(ms), Kind::Accepted, plan_.job, {1}, {}}); }
  void begins(std::uint64_t ms, int attempt = 1, std::int64_t pid = kWorker, std::int64_t id = 1) {
    add({at(ms), Kind::Begins, plan_.job, {attempt, pid, id}, {}});
  }
  void ends(std::uint64_t ms, int attempt = 1, std::int64_t pid = kWorker) {
    add({at(ms), Kind::Ends, plan_.job, {attempt, pid, 0}, {}});
  }
  void outcome(std::uint64_t ms, Status status, Cause cause, int attempts = 1, int detail = 0, std::string text = {},
               Verdict content = Verdict::Right, std::int64_t run_ms = 1, std::int64_t needed = 0) {
    add({at(ms),
         Kind::Outcome,
         plan_.job,
         {static_cast<std::int64_t>(status), static_cast<std::int64_t>(cause), detail, attempts,
          run_ms * static_cast<std::int64_t>(kMs), 0, 100, static_cast<std::int64_t>(content), needed},
         std::move(text)});
  }
  void done(std::uint64_t ms, int attempts = 1) { outcome(ms, Status::Done, Cause::Completed, attempts); }
  void killed(std::uint64_t ms, int signal = 9, std::int64_t pid = kWorker) {
    add({at(ms), Kind::Signal, 0, {0, pid, signal}, {}});
  }
  void client_left(std::uint64_t ms = 5000) {
    add({at(ms), Kind::Left, make_job(1, 1, 0), {4}, {}});
    add({at(ms), Kind::ClientEnds, make_job(1, 1, 0), {1, 1, 0, 0, 0}, {}});
  }
  void client_killed(std::uint64_t ms = 5000) {
    add({at(ms), Kind::ClientEnds, make_job(1, 1, 0), {1, 1, 9, 1, 0}, {}});
  }

  std::vector<Breach> breaches() { return judge(history_, limits_).breaches; }
  void expect_clean() {
    for (const Breach& breach : breaches()) ADD_FAILURE() << rule_name(breach.rule) << ": " << breach.text;
  }
  void expect_broken(Rule rule) {
    const auto found = breaches();
    ASSERT_FALSE(found.empty()) << "nothing was found";
    for (const Breach& breach : found) EXPECT_EQ(rule_name(breach.rule), std::string(rule_name(rule))) << breach.text;
  }

  JobPlan plan_;
  History history_;
  JudgeLimits limits_;
};

}  // namespace ringmaster::chaos
