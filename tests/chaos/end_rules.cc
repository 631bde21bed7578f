#include "tests/chaos/end_rules.h"

#include <signal.h>

#include <algorithm>

#include "client/types/outcome.h"
#include "client/types/refusal.h"
#include "proto/control.pb.h"
#include "tests/chaos/content.h"

namespace ringmaster::chaos {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMs = 1'000'000;
/// Between what the judge wrote down and what it did, and between two processes on one CPU.
constexpr std::uint64_t kSlack = 2 * kSecond;
/// What a machine that does other things too may make of a short deadline.
constexpr std::uint32_t kShortDeadlineMs = 3000;
constexpr int kExitCode = 7;
constexpr std::int64_t kWorkers = 0;
/// An idle worker looks by itself after so long; a wake that a stopped one swallowed counts until then.
constexpr std::uint64_t kLongestCharge = 120 * kSecond;
constexpr std::uint64_t kLongestSleep = 12 * kSecond;

Status status_of_seen(const Seen& seen) { return static_cast<Status>(seen.status); }
Cause cause_of(const Seen& seen) { return static_cast<Cause>(seen.cause); }

int own_signal(Behave behave) {
  switch (behave) {
    case Behave::Crash:
      return SIGSEGV;
    case Behave::Abort:
      return SIGABRT;
    case Behave::CrashOnce:
    case Behave::ChildCrash:
      return SIGKILL;
    case Behave::Return:
    case Behave::Fail:
    case Behave::Invalid:
    case Behave::Exit:
    case Behave::Hang:
    case Behave::LeaveChild:
      return 0;
  }
  return 0;
}

const Run* run_of(const JobHistory& job, std::int64_t attempt) {
  const Run* last = nullptr;  // of two ids, where it was asked once more
  for (const Run& run : job.runs)
    if (run.attempt == static_cast<unsigned>(attempt) && (last == nullptr || run.begin_ns > last->begin_ns))
      last = &run;
  return last;
}

}  // namespace

std::string refusal_name(std::int64_t code) {
  if (code >= 100) return control::v1::ErrorCode_Name(static_cast<control::v1::ErrorCode>(code - 100));
  return std::string(to_string(static_cast<SubmitError>(code)));
}

EndRules::EndRules(const History& history, const JudgeLimits& limits) : history_(history), limits_(limits) {
  for (const SignalSent& sent : history.signals) {
    by_pid_[sent.pid].push_back(sent);
    if (sent.role == kWorkers) to_workers_.push_back(sent);
    if (sent.signal == SIGSTOP) stops_.push_back(sent);
  }
  const auto earlier = [](const SignalSent& a, const SignalSent& b) { return a.ns < b.ns; };
  std::sort(to_workers_.begin(), to_workers_.end(), earlier);
  for (const auto& [id, job] : history.jobs) {
    if (job.forced) crashes_.push_back(job.cancelled_ns);  // a little of the same
    if (!kills_its_worker(job.plan.behave)) continue;
    for (const Run& run : job.runs) crashes_.push_back(run.begin_ns);
  }
  std::sort(crashes_.begin(), crashes_.end());
}

bool EndRules::charged(std::uint64_t job, std::uint64_t ns, const std::string& text) const {
  const auto client = history_.clients.find(life_of(job));
  if (client == history_.clients.end() || !client->second.crashes || text.find("jobs of uid") == std::string::npos)
    return false;
  const auto from = std::lower_bound(crashes_.begin(), crashes_.end(), ns > kLongestCharge ? ns - kLongestCharge : 0);
  const auto to = std::upper_bound(from, crashes_.end(), ns);
  return static_cast<std::uint64_t>(to - from) >= limits_.crashes_refused;
}

bool EndRules::signalled(std::int64_t pid, int signal, std::uint64_t from_ns, std::uint64_t to_ns) const {
  const auto within = [&](const SignalSent& sent) {
    return sent.signal == signal && sent.ns + kSlack >= from_ns && sent.ns <= to_ns;
  };
  if (pid == 0) return std::any_of(to_workers_.begin(), to_workers_.end(), within);
  const auto at = by_pid_.find(pid);
  return at != by_pid_.end() && std::any_of(at->second.begin(), at->second.end(), within);
}

bool EndRules::drained(std::int64_t pool, std::uint64_t from_ns, std::uint64_t to_ns) const {
  const auto at = history_.drains.find(pool);
  if (at == history_.drains.end()) return false;
  return std::any_of(at->second.begin(), at->second.end(), [&](const Window& window) {
    return window.from_ns <= to_ns && (window.to_ns == 0 || window.to_ns >= from_ns);
  });
}

std::string EndRules::name(const Seen& seen) const {
  const std::string status(to_string(status_of_seen(seen)));
  const std::string cause(to_string(cause_of(seen)));
  return cause == "completed" || cause == status ? status : status + ": " + cause;
}

std::string EndRules::describe(const Seen& seen) const {
  std::string text = name(seen) + ", detail " + std::to_string(seen.detail) + ", attempts " +
                     std::to_string(seen.attempts) + ", " + std::to_string(seen.bytes) + " bytes, ran " +
                     std::to_string(seen.run_ns / static_cast<std::int64_t>(kMs)) + " ms, queued " +
                     std::to_string(seen.queued_ns / static_cast<std::int64_t>(kMs)) + " ms";
  return seen.text.empty() ? text : text + ": " + seen.text;
}

std::string EndRules::unexplained_end(const JobHistory& job, const Seen& seen, bool& by_judge) const {
  const Behave behave = job.plan.behave;
  std::string what = std::string("a job that ") + to_string(behave) + ": " + describe(seen);
  switch (status_of_seen(seen)) {
    case Status::Done: {
      const bool returns = behave == Behave::Return || behave == Behave::LeaveChild ||
                           (behave == Behave::CrashOnce && seen.attempts > 1);
      return returns ? "" : what;
    }
    case Status::Failed:
      return behave == Behave::Fail && cause_of(seen) == Cause::Application && seen.text.starts_with("as planned")
                 ? ""
                 : what;
    case Status::Cancelled:
      return cause_of(seen) == Cause::CancelledByForce ? unexplained_force(job, seen) : unexplained_cancel(job, seen);
    case Status::Crashed:
      return unexplained_crash(job, seen, by_judge);
    case Status::TimedOut:
      return unexplained_timeout(job, seen, by_judge);
    case Status::Refused:
      return unexplained_rejection(job, seen);
    case Status::Lost:
      return what;
  }
  return what;
}

// A queued job ends at once; a running one is asked, and no worker dies for it.
std::string EndRules::unexplained_cancel(const JobHistory& job, const Seen& seen) const {
  std::string what = std::string("a job that ") + to_string(job.plan.behave) + ": " + describe(seen);
  if (job.cancelled_ns == 0) return what + ", which nobody asked for";
  const Run* const run = run_of(job, seen.attempts);
  if (job.plan.listens || run == nullptr || signalled(run->pid, SIGKILL, run->begin_ns, seen.ns)) return "";
  // It may have ended its worker by itself, and been cancelled in the queue, before its next attempt.
  const Behave behave = job.plan.behave;
  const bool stays = behave == Behave::Hang || (behave == Behave::CrashOnce && seen.attempts > 1);
  const bool again = job.plan.idempotent && seen.attempts < static_cast<std::int64_t>(limits_.attempts);
  if (again && !stays && kills_its_worker(behave)) return "";
  return what + ", and its handler does not listen";
}

// By force a running one ends with its worker, and has its grace before, unless something else was faster.
std::string EndRules::unexplained_force(const JobHistory& job, const Seen& seen) const {
  const Behave behave = job.plan.behave;
  const std::string what = std::string("a job that ") + to_string(behave) + ": " + describe(seen);
  if (!job.forced) return what + ", which nobody asked for";
  if (seen.detail > job.grace_ms)
    return what + ", with a longer grace than the " + std::to_string(job.grace_ms) + " ms";
  const bool given = seen.ns >= job.cancelled_ns + static_cast<std::uint64_t>(seen.detail) * kMs;
  if (given || kills_its_worker(behave)) return "";
  const Run* const run = run_of(job, seen.attempts);
  const bool killed =
      signalled(run != nullptr ? run->pid : 0, SIGKILL, run != nullptr ? run->begin_ns : job.submitted_ns, seen.ns);
  return killed ? "" : what + ", before its grace was over";
}

std::string EndRules::unexplained_crash(const JobHistory& job, const Seen& seen, bool& by_judge) const {
  const Behave behave = job.plan.behave;
  std::string what = std::string("a job that ") + to_string(behave) + ": " + describe(seen);
  // A process of this attempt, if its handler came to write that it began.
  const Run* const run = run_of(job, seen.attempts);
  const bool killed =
      signalled(run != nullptr ? run->pid : 0, SIGKILL, run != nullptr ? run->begin_ns : job.submitted_ns, seen.ns);
  if (cause_of(seen) == Cause::Poisoned) {
    if (!job.plan.idempotent) return what + ", set aside and not idempotent";
    if (seen.attempts != static_cast<std::int64_t>(limits_.attempts)) return what + ", set aside too early";
    by_judge = !kills_its_worker(behave);
    return "";
  }
  if (job.plan.idempotent) return what + ", and not tried again although it is idempotent";
  if (cause_of(seen) == Cause::CrashedExit)
    return behave == Behave::Exit && seen.detail == kExitCode ? "" : what + ", with an exit code of its own";
  if (cause_of(seen) != Cause::CrashedSignal) return what;
  if (seen.detail == own_signal(behave)) return "";
  by_judge = seen.detail == SIGKILL && killed;
  return by_judge ? "" : what + ", and nobody killed its worker";
}

std::string EndRules::unexplained_timeout(const JobHistory& job, const Seen& seen, bool& by_judge) const {
  std::string what = std::string("a job that ") + to_string(job.plan.behave) + ": " + describe(seen);
  if (cause_of(seen) == Cause::QueueTimeout) {
    if (job.plan.queue_timeout_ms == 0) return what + ", which has no queue deadline";
    return seen.ns - job.submitted_ns >= job.plan.queue_timeout_ms * kMs ? "" : what + ", before its queue deadline";
  }
  if (cause_of(seen) != Cause::RunTimeout) return what;
  const std::uint32_t deadline_ms = job.plan.timeout_ms != 0 ? job.plan.timeout_ms : limits_.run_timeout_ms;
  if (seen.run_ns != 0 && seen.run_ns + 1'000'000 < static_cast<std::int64_t>(deadline_ms * kMs))
    return what + ", before its deadline of " + std::to_string(deadline_ms) + " ms";
  if (job.plan.behave == Behave::Hang || deadline_ms < kShortDeadlineMs) return "";
  const Run* const run = run_of(job, seen.attempts);
  by_judge =
      signalled(run != nullptr ? run->pid : 0, SIGSTOP, run != nullptr ? run->begin_ns : job.submitted_ns, seen.ns);
  if (!by_judge && run != nullptr) by_judge = signalled(run->pid, SIGCONT, run->begin_ns, seen.ns);
  return by_judge ? "" : what + ", and nobody stopped its worker";
}

std::string EndRules::unexplained_rejection(const JobHistory& job, const Seen& seen) const {
  std::string what = std::string("a job that ") + to_string(job.plan.behave) + ": " + describe(seen);
  switch (cause_of(seen)) {
    case Cause::Invalid:
      return job.plan.behave == Behave::Invalid && seen.text.starts_with("as planned") ? "" : what;
    case Cause::TooLarge: {
      if (job.plan.capacity >= job.plan.result_bytes) return what + ", which had room";
      if (seen.needed != static_cast<std::int64_t>(job.plan.result_bytes))
        return what + ", said to need " + std::to_string(seen.needed) + " bytes of " +
               std::to_string(job.plan.result_bytes);
      return "";
    }
    case Cause::Refused:
      if (charged(job.plan.job, seen.ns, seen.text)) return "";
      return drained(job.plan.pool, job.submitted_ns, seen.ns) ? "" : what + ", and its pool was not drained";
    default:
      return what;
  }
}

std::string EndRules::unfounded_refusal(const JobHistory& job) const {
  std::string what = refusal_name(job.refusal) + " (" + job.refusal_text + ") with " + std::to_string(job.flying) +
                     " jobs in flight and " + std::to_string(job.flying_bytes) + " bytes given out since the oldest";
  const bool draining = job.refusal == static_cast<std::int64_t>(SubmitError::Draining) ||
                        job.refusal == 100 + control::v1::ERROR_DRAINING;
  if (draining) return drained(job.plan.pool, job.submitted_ns, job.refused_ns) ? "" : what + ": it was not drained";
  if (charged(job.plan.job, job.refused_ns, job.refusal_text)) return "";
  if (job.refusal == static_cast<std::int64_t>(SubmitError::QueueFull)) {
    // A ring gives contiguous room and begins at its start again: a third of it is enough to block the next.
    const auto wanted = static_cast<std::int64_t>(std::max(job.plan.request_bytes, job.plan.capacity));
    const bool full = job.flying >= limits_.slots || job.flying_bytes + wanted > limits_.ring_bytes / 3;
    return full ? "" : what;
  }
  return what;
}

std::string EndRules::unfounded_opening(const Record& record) const {
  const std::int64_t code = record.numbers[1];
  if (code == 100 + control::v1::ERROR_DRAINING && drained(record.numbers[0], record.ns - kSlack, record.ns)) return "";
  if (charged(record.job, record.ns, record.text)) return "";
  return "no session with pool " + std::to_string(record.numbers[0]) + ": " + refusal_name(code) + " (" + record.text +
         ")";
}

std::vector<std::string> EndRules::missed_wakes() const {
  std::vector<std::string> found;
  for (std::size_t i = 1; i < history_.missed.size(); ++i) {
    const Record& before = history_.missed[i - 1];
    const Record& now = history_.missed[i];
    if (now.numbers[0] <= before.numbers[0]) continue;
    // Stopped and continued in between, or not much earlier: its wake waited with it.
    const bool excused = std::any_of(stops_.begin(), stops_.end(), [&](const SignalSent& stop) {
      return stop.ns <= now.ns && stop.ns + kLongestSleep + 10 * kSecond >= before.ns;
    });
    if (!excused)
      found.push_back(std::to_string(now.numbers[0] - before.numbers[0]) +
                      " jobs were found by a time-out and not by a ring");
  }
  return found;
}

}  // namespace ringmaster::chaos
