#include "tests/chaos/judge.h"

#include <algorithm>

#include "client/types/outcome.h"
#include "tests/chaos/content.h"
#include "tests/chaos/end_rules.h"

namespace ringmaster::chaos {
namespace {

class Court {
 public:
  Court(const History& history, const JudgeLimits& limits) : history_(history), facts_(history, limits) {}

  Judgement judge() {
    for (const auto& [id, job] : history_.jobs) judge_job(id, job);
    judge_daemon();
    judge_clients();
    std::stable_sort(result_.breaches.begin(), result_.breaches.end(),
                     [](const Breach& a, const Breach& b) { return a.rule < b.rule; });
    return std::move(result_);
  }

 private:
  void breach(Rule rule, std::uint64_t job, std::string text) {
    result_.breaches.push_back({rule, job, std::move(text)});
  }

  void judge_job(std::uint64_t id, const JobHistory& job) {
    ++result_.jobs;
    result_.runs += job.runs.size();
    if (job.submitted_ns == 0) {
      breach(Rule::KnownJobs, id, "nobody submitted it, and it was run or ended");
      return;
    }
    judge_outcomes(id, job);
    judge_runs(id, job);
    if (job.refused_ns != 0) {
      ++result_.refusals[refusal_name(job.refusal)];
      if (const std::string why = facts_.unfounded_refusal(job); !why.empty())
        breach(Rule::RefusalHasItsCause, id, why);
    }
  }

  // Whether its client was there to see its end.
  [[nodiscard]] bool may_have_no_outcome(std::uint64_t id, const JobHistory& job) const {
    if (job.refused_ns != 0 || job.dropped_ns != 0) return true;
    const auto client = history_.clients.find(life_of(id));
    return client == history_.clients.end() || (client->second.left_ns == 0 && !client->second.gave_up);
  }

  void judge_outcomes(std::uint64_t id, const JobHistory& job) {
    if (job.refused_ns == 0) ++result_.accepted;
    if (job.outcomes.empty()) {
      if (!may_have_no_outcome(id, job)) breach(Rule::OneOutcome, id, "accepted, and it has no outcome");
      if (job.refused_ns == 0) ++result_.given_up;
      return;
    }
    if (job.outcomes.size() > 1)
      breach(Rule::OneOutcome, id, "it has " + std::to_string(job.outcomes.size()) + " outcomes");
    if (job.refused_ns != 0) breach(Rule::OneOutcome, id, "refused, and it has an outcome");
    for (const Seen& again : job.again) {
      const Seen& first = job.outcomes.front();
      if (again.status != first.status || again.cause != first.cause || again.bytes != first.bytes)
        breach(Rule::OneAnswer, id, "asked twice: " + facts_.describe(first) + ", and " + facts_.describe(again));
    }
    judge_end(id, job, job.outcomes.front());
  }

  void judge_end(std::uint64_t id, const JobHistory& job, const Seen& seen) {
    ++result_.outcomes[facts_.name(seen)];
    if (static_cast<Status>(seen.status) == Status::Lost) {
      breach(Rule::NothingLost, id, "lost: " + seen.text);
      return;
    }
    if (static_cast<Status>(seen.status) == Status::Done) {
      if (const auto content = static_cast<Verdict>(seen.content); content != Verdict::Right) {
        breach(Rule::OwnResult, id, std::string("its result is ") + to_string(content) + ": " + seen.text);
        return;
      }
      const bool ran = std::any_of(job.runs.begin(), job.runs.end(), [&](const Run& run) {
        return run.attempt == static_cast<unsigned>(seen.attempts) && run.end_ns != 0 && !run.asked_to_stop;
      });
      if (!ran)
        breach(Rule::DoneWasRun, id,
               "done, and no handler came to its end in attempt " + std::to_string(seen.attempts));
    }
    bool by_judge = false;
    if (const std::string why = facts_.unexplained_end(job, seen, by_judge); !why.empty())
      breach(Rule::EndHasItsCause, id, why);
    if (by_judge) ++result_.crashes_by_judge;
    if (seen.attempts > static_cast<std::int64_t>(facts_.limits().attempts))
      breach(Rule::FewAttempts, id, std::to_string(seen.attempts) + " attempts");
  }

  void judge_runs(std::uint64_t id, const JobHistory& job) {
    if (!job.bad_request.empty())
      breach(Rule::OwnRequest, id, "its handler found a request that is " + job.bad_request);
    if (!job.plan.idempotent && job.runs.size() > 1)
      breach(Rule::RunsOnce, id, "not idempotent, and it was run " + std::to_string(job.runs.size()) + " times");
    // Asked once more with more room, it is another job to the daemon.
    std::map<std::uint64_t, unsigned> runs_of;
    for (const Run& run : job.runs) ++runs_of[run.public_id];
    for (const auto& [public_id, runs] : runs_of)
      if (runs > facts_.limits().attempts)
        breach(Rule::FewAttempts, id, "it was run " + std::to_string(runs) + " times");
    const std::uint64_t known_ns = job.outcomes.empty() ? job.refused_ns : job.outcomes.front().ns;
    for (const Run& run : job.runs) {
      if (known_ns != 0 && run.begin_ns > known_ns)
        breach(Rule::NoRunAfterTheEnd, id, "process " + std::to_string(run.pid) + " began to run it when it had ended");
      for (const Run& other : job.runs)
        if (&other != &run && other.begin_ns < run.begin_ns && other.end_ns > run.begin_ns)
          breach(Rule::OneRunAtATime, id,
                 "processes " + std::to_string(other.pid) + " and " + std::to_string(run.pid) +
                     " ran it at the same time");
    }
  }

  void judge_daemon() {
    if (history_.daemons.size() > 1)
      breach(Rule::NothingLost, 0, std::to_string(history_.daemons.size()) + " daemon ids: there was a cold start");
    for (const Record& record : history_.not_opened) {
      ++result_.refusals["session: " + refusal_name(record.numbers[1])];
      if (const std::string why = facts_.unfounded_opening(record); !why.empty())
        breach(Rule::RefusalHasItsCause, 0, why);
    }
    for (const Record& record : history_.strays) breach(Rule::OneAnswer, record.job, record.text);
    for (const Record& record : history_.faults) breach(Rule::NothingLeft, 0, record.text);
    for (const std::string& text : facts_.missed_wakes()) breach(Rule::NothingMissed, 0, text);
    if (history_.broken_lines > history_.clients.size() + 1)
      breach(Rule::KnownJobs, 0, std::to_string(history_.broken_lines) + " lines of the histories cannot be read");
  }

  void judge_clients() {
    for (const auto& [life, client] : history_.clients) {
      const std::string name = "client " + std::to_string(life >> 16) + "." + std::to_string(life & 0xFFFF);
      if (client.ended_ns == 0) {
        breach(Rule::ClientsLive, 0, name + " never ended");
      } else if (client.gave_up) {
        breach(Rule::ClientsLive, 0, name + " did not leave when it was told to");
      } else if (!client.killed && client.wait_status != 0) {
        breach(Rule::ClientsLive, 0,
               name + " ended with wait status " + std::to_string(client.wait_status) + ": " + client.text);
      }
      if (client.left_ns != 0 && client.descriptors_left > client.descriptors)
        breach(Rule::NothingLeft, 0,
               name + " began with " + std::to_string(client.descriptors) + " descriptors and left with " +
                   std::to_string(client.descriptors_left));
    }
  }

  const History& history_;
  EndRules facts_;
  Judgement result_;
};

}  // namespace

const char* to_string(Rule rule) noexcept {
  switch (rule) {
    case Rule::OneOutcome:
      return "an accepted job has exactly one outcome";
    case Rule::OneAnswer:
      return "a question has one answer";
    case Rule::OwnResult:
      return "a result is its job's, all of it";
    case Rule::OwnRequest:
      return "a handler sees its job's request, all of it";
    case Rule::RunsOnce:
      return "a job that is not idempotent runs once";
    case Rule::FewAttempts:
      return "a job has at most as many attempts as its pool allows";
    case Rule::NoRunAfterTheEnd:
      return "nothing runs a job that has ended";
    case Rule::OneRunAtATime:
      return "a job runs in one process at a time";
    case Rule::DoneWasRun:
      return "a job that is done was run to its end";
    case Rule::EndHasItsCause:
      return "an outcome has a cause";
    case Rule::RefusalHasItsCause:
      return "a refusal has a cause";
    case Rule::NothingLost:
      return "nothing is lost: no cold start";
    case Rule::NothingMissed:
      return "no wake is missed";
    case Rule::ClientsLive:
      return "a client ends well, when it is told to";
    case Rule::NothingLeft:
      return "nothing is left behind";
    case Rule::KnownJobs:
      return "what is run was submitted";
  }
  return "unknown";
}

const char* rule_name(Rule rule) noexcept {
  constexpr const char* kNames[] = {"OneOutcome",    "OneAnswer",      "OwnResult",          "OwnRequest",
                                    "RunsOnce",      "FewAttempts",    "NoRunAfterTheEnd",   "OneRunAtATime",
                                    "DoneWasRun",    "EndHasItsCause", "RefusalHasItsCause", "NothingLost",
                                    "NothingMissed", "ClientsLive",    "NothingLeft",        "KnownJobs"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(kLastRule) + 1);
  return kNames[static_cast<std::size_t>(rule)];
}

Judgement judge(const History& history, const JudgeLimits& limits) { return Court(history, limits).judge(); }

}  // namespace ringmaster::chaos
