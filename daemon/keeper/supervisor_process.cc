#include "daemon/keeper/supervisor_process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/keeper_gone.h"
#include "daemon/keeper/keeper_log.h"
#include "daemon/keeper/table/table_memfd.h"
#include "daemon/os/child/fork_child.h"
#include "daemon/os/descriptors.h"
#include "daemon/os/signals.h"

namespace ringmaster::keeper {
namespace {

constexpr const char* kName = "ringmaster-supervisor";

bool try_place(SupervisorProgram& program, const char* folder, const char* below, char* buffer, std::size_t size) {
  const int length = std::snprintf(buffer, size, "%s%s/%s", folder, below, kName);
  if (length < 0 || static_cast<std::size_t>(length) >= size || ::access(buffer, X_OK) != 0) return false;
  program.binary.reset(::open(buffer, O_PATH | O_CLOEXEC));
  program.path = buffer;
  return program.binary.valid();
}

// Runs in the child. Returns (an errno) only on failure.
int become_supervisor(const SupervisorProgram& program, bool cold, const DepositTable& deposits, WorkerTable& workers,
                      int link, int table, pid_t keeper) {
  if (::dup2(link, kSupervisorLinkFd) < 0 || ::dup2(table, kInheritedTableFd) < 0) return errno;
  for (const DepositTable::Entry& entry : deposits.entries()) {
    if (entry.held() && daemon::set_close_on_exec(entry.fd.get(), false) != 0) return errno;
  }
  for (const WorkerEntry& slot : workers.slots()) {
    if (slot.failed()) continue;
    if (slot.pidfd && daemon::set_close_on_exec(slot.pidfd.get(), false) != 0) return errno;
    if (slot.cgroup && daemon::set_close_on_exec(slot.cgroup.get(), false) != 0) return errno;
  }
  // A process group of its own: Ctrl-C on a terminal reaches only the keeper, which passes it on as a message.
  if (::setpgid(0, 0) != 0) return errno;
  if (const int error = daemon::reset_signals(); error != 0) return error;
  daemon::ignore_signals({kKeeperGoneSignal});  // before exec, so that none can end the process in between
  if (::prctl(PR_SET_PDEATHSIG, kKeeperGoneSignal, 0, 0, 0) != 0) return errno;
  if (::getppid() != keeper) return ESRCH;

  std::array<const char*, 12> argv{};
  std::size_t count = 0;
  const auto add = [&](const char* argument) { argv[count++] = argument; };
  add(kName);
  if (program.config != nullptr) add("--config"), add(program.config);
  if (program.socket != nullptr) add("--socket"), add(program.socket);
  add("--keeper-fd"), add("3");
  add("--table-fd"), add("4");
  if (program.owned) add("--owned");
  if (cold) add("--cold");
  return exec_supervisor(program, argv.data());
}

}  // namespace

bool find_supervisor(SupervisorProgram& program, char* path_buffer, std::size_t size) noexcept {
  char folder[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", folder, sizeof folder - 1);
  if (length > 0) {
    folder[length] = '\0';
    *std::strrchr(folder, '/') = '\0';
    if (try_place(program, folder, "", path_buffer, size)) return true;
    if (try_place(program, folder, "/../libexec/ringmaster", path_buffer, size)) return true;
  }
  if (try_place(program, RINGMASTER_LIBEXEC_DIR, "", path_buffer, size)) return true;
  say(Level::Error,
      "cannot find the program \"%s\": it is neither in \"%s\", nor in \"%s/../libexec/ringmaster\", nor in \"%s\"; "
      "install the daemon as a whole (cmake --install)",
      kName, folder, folder, RINGMASTER_LIBEXEC_DIR);
  return false;
}

int exec_supervisor(const SupervisorProgram& program, const char* const* argv) noexcept {
  char* const* const arguments = const_cast<char* const*>(argv);
  ::execveat(program.binary.get(), "", arguments, environ, AT_EMPTY_PATH);
  if (errno == ENOSYS || errno == EPERM || errno == ENOENT) ::execve(program.path, arguments, environ);
  return errno;
}

int start_supervisor(const SupervisorProgram& program, std::uint32_t ordinal, bool cold, const DepositTable& deposits,
                     WorkerTable& workers, SupervisorProcess& process) noexcept {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  int error = 0;
  const UniqueFd table = make_inherited_table(ordinal, cold, deposits, workers, error);
  if (!table) return error;
  const pid_t keeper = ::getpid();
  daemon::ForkedChild child = daemon::fork_child();
  if (child.pid == 0) {
    error = become_supervisor(program, cold, deposits, workers, theirs.get(), table.get(), keeper);
    say(Level::Error, "cannot start \"%s\": %s", program.path, ::strerrordesc_np(error));
    ::_exit(127);
  }
  if (child.pid < 0) return child.error;
  process.pid = child.pid;
  process.pidfd = std::move(child.pidfd);
  process.link = std::move(ours);
  return 0;
}

}  // namespace ringmaster::keeper
