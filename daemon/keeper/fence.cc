#include "daemon/keeper/fence.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "base/plant.h"
#include "daemon/keeper/keeper_log.h"
#include "daemon/os/cgroup.h"
#include "daemon/os/pidfd.h"
#include "daemon/os/process_tree.h"

namespace ringmaster::keeper {
namespace {

// True also while a ptrace tracer keeps the parent from reaping.
bool is_dead(int pidfd) {
  pollfd watched{pidfd, POLLIN, 0};
  return ::poll(&watched, 1, 0) == 1;
}

// True if the cgroup is empty, or is gone (only an empty one can be removed). If that cannot be found out, for example
// without a descriptor, it does not count as clear.
bool is_clear(int cgroup) {
  const int error = daemon::cgroup_empty(cgroup);
  return error == 0 || error == ENOENT || error == ENODEV;
}

}  // namespace

void Fence::bury(WorkerEntry& slot, std::uint64_t now_ns) noexcept {
  daemon::ChildExit end;
  const int seen = daemon::peek_exit(slot.pidfd.get(), end);
  // The process lives: the event belonged to another descriptor with the same number, earlier in this round.
  if (seen == EAGAIN && !is_dead(slot.pidfd.get())) {
    slot.retry_at_ns = 0;
    return;
  }
  if (slot.state != WorkerEntry::State::Dead) {
    slot.state = WorkerEntry::State::Dead;
    slot.exit.died_at_ns = now_ns;
  }
  if (seen == EAGAIN) {
    slot.retry_at_ns = now_ns + kRetryNs;
    return;
  }
  slot.retry_at_ns = 0;
  if (seen == 0) {
    ::kill(-slot.exit.pid, SIGKILL);
    // If this fails, the sweep kills again until the cgroup is clear.
    if (slot.cgroup) static_cast<void>(daemon::kill_cgroup(slot.cgroup.get()));
    static_cast<void>(daemon::reap_exit(slot.pidfd.get(), end));
    slot.exit.code = end.code;
    slot.exit.status = end.status;
    const auto microseconds = [](const timeval& t) {
      return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000u + static_cast<std::uint64_t>(t.tv_usec);
    };
    slot.exit.user_us = microseconds(end.usage.ru_utime);
    slot.exit.system_us = microseconds(end.usage.ru_stime);
    slot.exit.max_rss_kib = static_cast<std::uint64_t>(end.usage.ru_maxrss);
  } else {
    say(Level::Error, "worker %u.%u (pid %d): its end cannot be read (errno %d)", slot.worker, slot.incarnation,
        slot.exit.pid, seen);
    slot.exit.code = CLD_KILLED;
    slot.exit.status = SIGKILL;
  }
  slot.state = WorkerEntry::State::Reaped;
}

std::size_t Fence::kill_strays(const WorkerTable& workers, pid_t supervisor, const Bystanders& bystanders) noexcept {
  if (planted(Plant::OrphanLeft)) return 0;
  const ssize_t listed = daemon::list_children(children_);
  if (listed < 0) return 1;  // unknown: counts as not fenced
  const std::size_t count = std::min(static_cast<std::size_t>(listed), children_.size());
  std::size_t left = static_cast<std::size_t>(listed) - count;
  for (const pid_t pid : std::span(children_).first(count)) {
    if (pid == supervisor || workers.knows(pid) || bystanders.knows(pid)) continue;
    ::kill(pid, SIGKILL);  // the pid of an unreaped child cannot belong to another process
    if (daemon::reap_pid(pid) == 0) {
      ++killed_;
    } else {
      ++left;
    }
  }
  return left;
}

bool Fence::sweep(WorkerTable& workers, pid_t supervisor, Bystanders& bystanders) noexcept {
  bystanders.reap();
  std::size_t left = 0;
  // Children of a stray become ours when it is dead, so look again as long as there are more. Processes that fork as
  // fast as they are killed get only kMostPasses; the rest is left to the next round.
  bool more = true;
  for (int pass = 0; more && pass < kMostPasses; ++pass) {
    const std::uint32_t before = killed_;
    left = kill_strays(workers, supervisor, bystanders);
    more = killed_ != before;
  }
  if (more) return true;
  if (left > 0) return true;

  bool waiting = false;
  for (WorkerEntry& slot : workers.slots()) {
    if (slot.state != WorkerEntry::State::Reaped) continue;
    if (slot.cgroup && !is_clear(slot.cgroup.get())) {
      static_cast<void>(daemon::kill_cgroup(slot.cgroup.get()));
      waiting = true;
      continue;
    }
    slot.state = WorkerEntry::State::Fenced;
    slot.exit.orphans_killed = killed_;
    slot.report_exit = !slot.failed();
    slot.report_spawned = slot.report_spawned || slot.failed();
  }
  killed_ = 0;
  return waiting;
}

}  // namespace ringmaster::keeper
