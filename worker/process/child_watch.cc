#include "worker/process/child_watch.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "worker/process/child_processes.h"

namespace ringmaster::worker {
namespace {

constexpr std::uint64_t kSpacingNs = 10'000'000;
constexpr std::size_t kMaxNames = 200;

void add(shm::Word64& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

// The report about this group of jobs; there is seldom more than one.
worker_link::Leftovers& report_for(std::vector<worker_link::Leftovers>& reports, const JobSpan& jobs) {
  const auto same = std::find_if(reports.begin(), reports.end(), [&](const worker_link::Leftovers& one) {
    return one.first_job == jobs.first && one.last_job == jobs.last;
  });
  if (same != reports.end()) return *same;
  worker_link::Leftovers report;
  report.first_job = jobs.first;
  report.last_job = jobs.last;
  report.jobs = jobs.count;
  return reports.emplace_back(report);
}

void add_name(std::string& names, pid_t pid) {
  if (names.size() > kMaxNames) return;
  names += (names.empty() ? "" : ", ") + name_of_process(pid);
  if (names.size() > kMaxNames) names += ", ...";
}

}  // namespace

void ChildWatch::begin() { leftovers_.keep(list_children()); }

bool ChildWatch::declare(std::int64_t pid) {
  if (pid <= 1 || pid > INT32_MAX) return false;
  const auto started = start_time_of(static_cast<pid_t>(pid));
  if (!started) return false;
  leftovers_.declare(static_cast<pid_t>(pid), *started);
  return true;
}

std::uint64_t ChildWatch::next_in(std::uint64_t now_ns) const noexcept {
  const std::uint64_t soonest = looked_ns_ + kSpacingNs;
  const std::uint64_t due = jobs_.count != 0 ? soonest : std::max(next_ns_, soonest);
  if (jobs_.count == 0 && next_ns_ == UINT64_MAX) return UINT64_MAX;
  return due > now_ns ? due - now_ns : 0;
}

void ChildWatch::look(std::uint64_t now_ns) {
  if (next_in(now_ns) != 0) return;
  if (!has_children()) {
    // All children are gone: forget what was known of them.
    if (next_ns_ != UINT64_MAX || counters_.now.load(std::memory_order_relaxed) != 0) {
      carry_out(leftovers_.look(now_ns, {}, jobs_, keep_));
    }
    next_ns_ = UINT64_MAX;
    jobs_ = {};
    return;
  }
  looked_ns_ = now_ns;
  const Leftovers::Actions actions = leftovers_.look(now_ns, list_children(), jobs_, keep_);
  jobs_ = {};
  next_ns_ = actions.next_ns.value_or(UINT64_MAX);
  carry_out(actions);
}

void ChildWatch::carry_out(const Leftovers::Actions& actions) {
  std::vector<worker_link::Leftovers> reports;
  for (const auto& one : actions.end) {
    auto& report = report_for(reports, one.jobs);
    ++report.ended;
    add_name(report.names, one.process.pid);
    end_with_descendants(one.process.pid);
  }
  for (const pid_t pid : actions.again) end_with_descendants(pid);
  for (const auto& one : actions.kept) {
    auto& report = report_for(reports, one.jobs);
    ++report.kept;
    add_name(report.names, one.process.pid);
  }
  for (const auto& one : actions.reap) {
    ++report_for(reports, one.jobs).reaped;
    reap_child(one.process.pid);
  }
  add(counters_.ended, actions.end.size());
  add(counters_.kept, actions.kept.size());
  add(counters_.reaped, actions.reap.size());
  counters_.now.store(actions.left, std::memory_order_relaxed);
  for (worker_link::Leftovers& report : reports) tell_(std::move(report));
}

}  // namespace ringmaster::worker
