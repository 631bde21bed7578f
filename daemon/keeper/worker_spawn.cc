#include "daemon/keeper/worker_spawn.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "daemon/os/child/child_program.h"
#include "daemon/os/child/fork_child.h"

namespace ringmaster::keeper {

daemon::SpawnFailure spawn_worker(SpawnRequest& request, std::span<UniqueFd> fds, const GivenLimits& given,
                                  WorkerEntry& slot) noexcept {
  const SpawnMessage& message = request.message;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return {daemon::SpawnStage::Pipe, errno};
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);

  std::array<int, kMaxWorkerFds> numbers{};
  for (std::uint32_t i = 0; i < message.fd_count; ++i) numbers[i] = fds[i].get();
  std::array<daemon::ChildProgram::Limit, kMaxSpawnRlimits + 2> limits{};
  limits[0] = {RLIMIT_NOFILE, given.descriptors};
  limits[1] = {RLIMIT_FSIZE, given.file_size};
  for (std::uint32_t i = 0; i < message.rlimit_count; ++i) {
    const SpawnRlimit& limit = message.rlimits[i];
    limits[i + 2] = {static_cast<int>(limit.resource), {limit.soft, limit.hard}};
  }

  daemon::ChildProgram program;
  program.path = request.path;
  program.argv = request.argv.data();
  program.env = request.env.data();
  program.cwd = request.cwd;
  program.fds = std::span(numbers).first(message.fd_count);
  program.limits = std::span(limits).first(message.rlimit_count + 2);
  program.set_identity = (message.flags & kSpawnSetUid) != 0;
  program.uid = message.uid;
  program.gid = message.gid;
  program.groups = std::span(message.groups).first(message.group_count);
  program.set_nice = (message.flags & kSpawnSetNice) != 0;
  program.nice = message.nice;
  program.oom_score_adj = message.oom_score_adj;
  program.parent = ::getpid();

  const bool has_cgroup = (message.flags & kSpawnHasCgroup) != 0;
  const int cgroup = has_cgroup ? fds[message.fd_count].get() : -1;
  daemon::ForkedChild child = daemon::fork_child(cgroup);
  if (child.pid == 0) {
    program.cgroup_fd = child.in_cgroup ? -1 : cgroup;
    daemon::run_child_program(program, write_end.get());
  }
  if (child.pid < 0) return {daemon::SpawnStage::Fork, child.error};

  slot.state = WorkerEntry::State::Starting;
  slot.worker = message.worker;
  slot.incarnation = message.incarnation;
  slot.spawn_serial = message.serial;
  slot.pidfd = std::move(child.pidfd);
  slot.exec_pipe = std::move(read_end);
  if (has_cgroup) slot.cgroup = std::move(fds[message.fd_count]);
  slot.exit.worker = message.worker;
  slot.exit.incarnation = message.incarnation;
  slot.exit.pid = child.pid;
  return {};
}

void read_exec_pipe(WorkerEntry& slot) noexcept {
  daemon::SpawnFailure failure;
  const ssize_t got = ::read(slot.exec_pipe.get(), &failure, sizeof failure);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  slot.exec_pipe.reset();
  if (got == static_cast<ssize_t>(sizeof failure) && failure.error != 0) {
    slot.failure = failure;
    return;
  }
  slot.state = WorkerEntry::State::Running;
  slot.report_spawned = true;
}

}  // namespace ringmaster::keeper
