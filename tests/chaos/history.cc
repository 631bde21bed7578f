#include "tests/chaos/history.h"

#include <algorithm>

#include "tests/chaos/content.h"

namespace ringmaster::chaos {
namespace {

JobPlan plan_of(const Record& record) {
  const auto& n = record.numbers;
  JobPlan plan;
  plan.job = record.job;
  plan.way = static_cast<Way>(n[0]);
  plan.pool = static_cast<unsigned>(n[1]);
  plan.behave = static_cast<Behave>(n[2]);
  plan.idempotent = (n[3] & 1) != 0;
  plan.listens = (n[3] & 2) != 0;
  plan.request_bytes = static_cast<std::uint64_t>(n[4]);
  plan.result_bytes = static_cast<std::uint64_t>(n[5]);
  plan.capacity = static_cast<std::uint64_t>(n[6]);
  plan.timeout_ms = static_cast<std::uint32_t>(n[7]);
  plan.queue_timeout_ms = static_cast<std::uint32_t>(n[8]);
  plan.run_us = static_cast<std::uint32_t>(n[9]);
  return plan;
}

Seen seen_of(const Record& record) {
  const auto& n = record.numbers;
  return {record.ns, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], record.text};
}

// The one that this process began last: it may have been retried in a process of the same number.
void end_run(JobHistory& job, const Record& record, bool asked) {
  const auto at = std::find_if(job.runs.rbegin(), job.runs.rend(), [&](const Run& run) {
    return run.pid == record.numbers[1] && run.attempt == static_cast<unsigned>(record.numbers[0]) && run.end_ns == 0;
  });
  if (at == job.runs.rend()) return;
  at->end_ns = record.ns;
  at->asked_to_stop = asked;
}

}  // namespace

void History::add(const Record& record) {
  const auto& n = record.numbers;
  const auto life = [&]() -> ClientLife& { return clients[life_of(record.job)]; };
  switch (record.kind) {
    case Kind::ClientStarts:
      life().started_ns = record.ns;
      life().descriptors = n[3];
      life().crashes = n[4] != 0;
      return;
    case Kind::Opening:
    case Kind::Opened:
      return;
    case Kind::NotOpened:
      not_opened.push_back(record);
      return;
    case Kind::Submitting: {
      JobHistory& job = jobs[record.job];
      job.plan = plan_of(record);
      job.submitted_ns = record.ns;
      return;
    }
    case Kind::Accepted:
      jobs[record.job].accepted_ns = record.ns;
      return;
    case Kind::Refused: {
      JobHistory& job = jobs[record.job];
      job.refused_ns = record.ns;
      job.refusal = n[0];
      job.flying = n[1];
      job.flying_bytes = n[2];
      job.refusal_text = record.text;
      return;
    }
    case Kind::Cancelling: {
      JobHistory& job = jobs[record.job];
      job.cancelled_ns = record.ns;
      job.forced = n[0] != 0;
      job.grace_ms = n[1];
      return;
    }
    case Kind::Outcome:
      jobs[record.job].outcomes.push_back(seen_of(record));
      return;
    case Kind::SameAgain:
      jobs[record.job].again.push_back(seen_of(record));
      return;
    case Kind::Stray:
      strays.push_back(record);
      return;
    case Kind::Dropped:
      jobs[record.job].dropped_ns = record.ns;
      return;
    case Kind::Leaving:
      life().leaving_ns = record.ns;
      return;
    case Kind::Left:
      life().left_ns = record.ns;
      life().descriptors_left = n[0];
      return;
    case Kind::Begins:
      jobs[record.job].runs.push_back(
          {static_cast<std::uint64_t>(n[2]), record.ns, 0, n[1], static_cast<unsigned>(n[0]), false});
      return;
    case Kind::Ends:
      return end_run(jobs[record.job], record, false);
    case Kind::Stopped:
      return end_run(jobs[record.job], record, true);
    case Kind::BadRequest:
      jobs[record.job].bad_request = record.text;
      return;
    case Kind::Signal:
      signals.push_back({record.ns, n[0], n[1], static_cast<int>(n[2])});
      return;
    case Kind::Drain: {
      auto& windows = drains[n[0]];
      if (n[1] != 0) {
        windows.push_back({record.ns, 0});
      } else if (!windows.empty() && windows.back().to_ns == 0) {
        windows.back().to_ns = record.ns;
      }
      return;
    }
    case Kind::Daemon:
      daemons.emplace(n[0], record.ns);
      return;
    case Kind::Missed:
      missed.push_back(record);
      return;
    case Kind::ClientEnds: {
      ClientLife& ended = life();
      ended.ended_ns = record.ns;
      ended.wait_status = n[2];
      ended.killed = n[3] != 0;
      ended.gave_up = n[4] != 0;
      ended.text = record.text;
      return;
    }
    case Kind::Fault:
      faults.push_back(record);
      return;
  }
}

void History::add_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(line.size());
    if (const auto record = parse_line(line)) {
      add(*record);
    } else {
      ++broken_lines;
    }
  }
}

}  // namespace ringmaster::chaos
