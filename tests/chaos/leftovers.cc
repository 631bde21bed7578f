#include "tests/chaos/leftovers.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace ringmaster::chaos {
namespace {

namespace fs = std::filesystem;

/// Of one session of the daemon's own: two segments, bell, lifeline, and what else a supervisor may keep of it.
constexpr int kDescriptorsOfASession = 6;

void hold(std::vector<std::string>& found, const char* who, const char* what, int before, int now, int more,
          const std::string& kinds_before, const std::string& kinds_now) {
  if (now <= before + more) return;
  found.push_back(std::string(who) + " has " + std::to_string(now) + " " + what + " and had " + std::to_string(before) +
                  " (before: " + kinds_before + "; now: " + kinds_now + ")");
}

std::string named(const ProcessFacts& process) {
  return process.command + " (pid " + std::to_string(process.pid) + ", state " + process.state + ")";
}

}  // namespace

Footprint footprint_of(const Daemon& daemon, const DaemonView& view) {
  Footprint print;
  print.internal = view.internal;
  print.keeper_descriptors = descriptors_of(daemon.keeper());
  print.keeper_kinds = descriptor_kinds(daemon.keeper());
  const pid_t supervisor = daemon.supervisor();
  print.supervisor_descriptors = descriptors_of(supervisor);
  print.supervisor_kinds = descriptor_kinds(supervisor);
  for (const pid_t worker : daemon.workers()) {
    if (const int open = descriptors_of(worker); open > print.worker_descriptors) {
      print.worker_descriptors = open;
      print.worker_kinds = descriptor_kinds(worker);
    }
    print.worker_maps = std::max(print.worker_maps, memfd_maps_of(worker));
  }
  return print;
}

std::vector<std::string> left_in(const Daemon& daemon, const DaemonView& view, const Footprint& before,
                                 const Footprint& now) {
  std::vector<std::string> found;
  unsigned wanted = 0;
  for (unsigned pool = 0; pool < kPools; ++pool) wanted += kWorkersOf[pool] + kSparesOf[pool];
  if (view.sessions != 0) found.push_back(std::to_string(view.sessions) + " sessions without a client: " + view.text);
  if (view.queued != 0 || view.running != 0)
    found.push_back(std::to_string(view.queued) + " jobs queued and " + std::to_string(view.running) +
                    " running without a client");
  if (view.workers != wanted)
    found.push_back(std::to_string(view.workers) + " workers are ready of " + std::to_string(wanted) + "; " +
                    view.text);
  if (view.leftovers != 0) found.push_back(std::to_string(view.leftovers) + " processes of jobs are left at workers");
  const int more = view.internal > before.internal ? static_cast<int>(view.internal - before.internal) : 0;
  const int extra = more * kDescriptorsOfASession;
  hold(found, "the keeper", "descriptors", before.keeper_descriptors, now.keeper_descriptors, extra,
       before.keeper_kinds, now.keeper_kinds);
  hold(found, "the supervisor", "descriptors", before.supervisor_descriptors, now.supervisor_descriptors, extra,
       before.supervisor_kinds, now.supervisor_kinds);
  hold(found, "a worker", "descriptors", before.worker_descriptors, now.worker_descriptors, extra, before.worker_kinds,
       now.worker_kinds);
  hold(found, "a worker", "shared maps", before.worker_maps, now.worker_maps, 2 * more, "-", "-");
  const pid_t supervisor = daemon.supervisor();
  std::set<pid_t> known{supervisor};
  for (const pid_t worker : daemon.workers()) known.insert(worker);
  for (const ProcessFacts& process : descendants_of(daemon.keeper())) {
    // The supervisor's own, one at a time.
    if (process.parent == supervisor && process.command.ends_with("ringmaster-tracer")) known.insert(process.pid);
    if (known.count(process.pid) == 0 || process.state == 'Z') found.push_back("a process is left: " + named(process));
  }
  return found;
}

std::vector<std::string> left_after(const Setup& setup) {
  std::vector<std::string> found;
  for (const ProcessFacts& process : descendants_of(::getpid()))
    found.push_back("a process outlives its daemon: " + named(process));
  const std::set<std::string> own{"clients", "runs", "log", "acts", "daemon.toml", "tmp"};
  for (const auto& entry : fs::directory_iterator(setup.folder))
    if (own.count(entry.path().filename().string()) == 0) found.push_back("a file is left: " + entry.path().string());
  for (const auto& entry : fs::directory_iterator(setup.folder + "/tmp"))
    found.push_back("a temporary file is left: " + entry.path().string());
  return found;
}

}  // namespace ringmaster::chaos
