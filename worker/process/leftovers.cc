#include "worker/process/leftovers.h"

#include <algorithm>

namespace ringmaster::worker {

void Leftovers::keep(std::span<const ChildProcess> children) {
  for (const ChildProcess& child : children) known_[child.pid] = {child.started, Kind::Helper, true, 0, {}, {}};
}

void Leftovers::declare(pid_t pid, std::uint64_t started) {
  if (const auto at = known_.find(pid); at != known_.end() && at->second.started == started) {
    at->second.kind = Kind::Helper;
    return;
  }
  // A helper that ended before a look saw it leaves its entry here: drop the oldest process, which is most likely gone.
  if (declared_.size() >= kMaxDeclared) {
    declared_.erase(std::min_element(declared_.begin(), declared_.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  declared_[pid] = started;
}

Leftovers::Known& Leftovers::known(const ChildProcess& child, std::uint64_t now_ns, const JobSpan& jobs) {
  const auto [at, fresh] = known_.try_emplace(child.pid);
  Known& one = at->second;
  if (!fresh && one.started == child.started) return one;
  const auto word = declared_.find(child.pid);
  const bool declared = word != declared_.end() && word->second == child.started;
  if (word != declared_.end()) declared_.erase(word);
  one = {child.started, declared || jobs.helpers ? Kind::Helper : Kind::Seen, true, now_ns, {}, jobs};
  return one;
}

Leftovers::Actions Leftovers::look(std::uint64_t now_ns, std::span<const ChildProcess> children, const JobSpan& jobs,
                                   bool keep) {
  Actions actions;
  const auto again_at = [&](std::uint64_t ns) { actions.next_ns = std::min(actions.next_ns.value_or(ns), ns); };
  for (auto& [pid, one] : known_) one.present = false;
  for (const ChildProcess& child : children) {
    Known& one = known(child, now_ns, jobs);
    one.present = true;
    if (one.kind == Kind::Helper) continue;
    ++actions.left;
    if (child.dead) {
      if (!one.dead_ns) one.dead_ns = now_ns;
      if (now_ns - *one.dead_ns < kApartNs) {
        again_at(*one.dead_ns + kApartNs);
        continue;
      }
      actions.reap.push_back({child, one.jobs});
      one.present = false;
      --actions.left;
      continue;
    }
    switch (one.kind) {
      case Kind::Helper:
        break;
      case Kind::Seen:
        if (now_ns - one.seen_ns < kApartNs) {
          // Soon at first, then with growing pauses: most leftovers end by themselves at once.
          again_at(std::min(one.seen_ns + kApartNs, now_ns + std::max(kSettleNs, now_ns - one.seen_ns)));
          break;
        }
        one.kind = keep ? Kind::Kept : Kind::Ended;
        (keep ? actions.kept : actions.end).push_back({child, one.jobs});
        again_at(now_ns + (keep ? kLivingNs : kSettleNs));
        break;
      case Kind::Ended:
        actions.again.push_back(child.pid);
        again_at(now_ns + kApartNs);
        break;
      case Kind::Kept:
        again_at(now_ns + kLivingNs);
        break;
    }
  }
  std::erase_if(known_, [](const auto& entry) { return !entry.second.present; });
  return actions;
}

}  // namespace ringmaster::worker
