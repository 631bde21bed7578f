#include "daemon/os/child/child_program.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "base/keeper_gone.h"
#include "daemon/os/cgroup.h"
#include "daemon/os/child/exec_guard.h"
#include "daemon/os/descriptors.h"
#include "daemon/os/oom_score.h"
#include "daemon/os/process_tree.h"
#include "daemon/os/signals.h"

namespace ringmaster::daemon {
namespace {

int error_unless(bool ok) { return ok ? 0 : errno; }

int apply_limits(std::span<const ChildProgram::Limit> limits) {
  for (const ChildProgram::Limit& limit : limits) {
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &limit.value) != 0) return errno;
  }
  return 0;
}

int apply_oom_score(int value) {
  // The /proc files of a process that is not dumpable belong to root. Being dumpable until exec is safe: this child has
  // nothing to hide.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const int error = set_oom_score_adj(value);
  // Without CAP_SYS_RESOURCE the score cannot be lowered: then the inherited, higher one stays.
  return error == EACCES || error == EPERM ? 0 : error;
}

// EPERM only matters if the ids would change: an unprivileged daemon may name its own ids.
SpawnFailure change_identity(const ChildProgram& program) {
  int error = 0;
  const auto failed = [&error](int result) { return (error = result) != 0; };
  using enum SpawnStage;
  const bool another = ::geteuid() != program.uid;
  const int guard = another ? guard_capability() : -1;
  if (another && failed(prepare_guard(guard))) return {Guard, error};
  const bool root = ::geteuid() == 0;
  if (root && failed(error_unless(::setgroups(program.groups.size(), program.groups.data()) == 0)))
    return {Groups, error};
  if (failed(error_unless(::setresgid(program.gid, program.gid, program.gid) == 0))) return {Gid, error};
  if (failed(error_unless(::setresuid(program.uid, program.uid, program.uid) == 0))) return {Uid, error};
  if (another && failed(set_guard(guard))) return {Guard, error};
  return {};
}

SpawnFailure prepare(const ChildProgram& program, int& error_pipe) {
  int error = 0;
  const auto failed = [&error](int result) { return (error = result) != 0; };
  using enum SpawnStage;
  if (failed(error_unless(::setpgid(0, 0) == 0))) return {Session, error};
  if (program.cgroup_fd >= 0 && failed(enter_cgroup(program.cgroup_fd))) return {Cgroup, error};
  if (failed(arrange_descriptors(program.fds, error_pipe))) return {Descriptors, error};
  if (failed(reset_signals())) return {Signals, error};
  // Ignored until the program handles them itself, so that no signal from outside can end it in between.
  ignore_signals({kKeeperGoneSignal});
  if (program.set_nice && failed(error_unless(::setpriority(PRIO_PROCESS, 0, program.nice) == 0))) return {Nice, error};
  if (failed(apply_oom_score(program.oom_score_adj))) return {OomScore, error};
  if (failed(apply_limits(program.limits))) return {Rlimit, error};
  if (program.set_identity) {
    if (const SpawnFailure failure = change_identity(program); failure.error != 0) return failure;
  }
  if (program.cwd != nullptr && failed(error_unless(::chdir(program.cwd) == 0))) return {Directory, error};
  if (failed(error_unless(::prctl(PR_SET_PDEATHSIG, kKeeperGoneSignal, 0, 0, 0) == 0))) return {DeathSignal, error};
  if (::getppid() != program.parent) return {ParentGone, ESRCH};
  if (failed(become_subreaper())) return {SpawnStage::Subreaper, error};
  ::execve(program.path, program.argv, program.env);
  return {Exec, errno};
}

}  // namespace

void run_child_program(const ChildProgram& program, int error_pipe) noexcept {
  const SpawnFailure failure = prepare(program, error_pipe);
  // If this write fails nobody reads the pipe; the exit code still tells that the program did not start.
  if (::write(error_pipe, &failure, sizeof failure) < 0) ::_exit(126);
  ::_exit(127);
}

}  // namespace ringmaster::daemon
