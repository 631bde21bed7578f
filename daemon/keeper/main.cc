#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/standard_descriptors.h"
#include "daemon/keeper/command_line.h"
#include "daemon/keeper/keeper.h"
#include "daemon/keeper/keeper_log.h"
#include "daemon/keeper/service_environment.h"
#include "daemon/os/descriptors.h"
#include "daemon/os/kernel_features.h"
#include "daemon/os/limits.h"
#include "daemon/os/oom_score.h"
#include "daemon/os/private_folder.h"
#include "daemon/os/process_tree.h"
#include "daemon/os/signals.h"
#include "ringmaster_version.h"

namespace ringmaster::keeper {
namespace {

constexpr int kUsageError = 64;
constexpr int kFirstFreeFd = 5;  // 0..2 standard, 3 and 4 are the supervisor's link and table

Keeper the_keeper;  // static: it is large, and nothing here is allocated
char supervisor_path[PATH_MAX];
daemon::PrivateFolder runtime_folder;

// Takes over the service manager's sockets as deposits, and closes all other inherited descriptors but the owner's. 0
// or an errno.
int take_inherited_descriptors(int listen_fds) {
  unsigned first = 3u + static_cast<unsigned>(listen_fds);
  if (const Owner& owner = the_keeper.setup().owner; owner.given()) {
    const auto kept = static_cast<unsigned>(owner.fd());
    ::syscall(SYS_close_range, first, kept - 1, 0u);
    first = kept + 1;
  }
  ::syscall(SYS_close_range, first, UINT_MAX, 0u);
  for (int i = 0; i < listen_fds; ++i) {
    std::array<UniqueFd, 1> socket{daemon::duplicate_above(3 + i, 3 + listen_fds + kFirstFreeFd)};
    if (!socket[0]) return errno;
    const DepositLabel label{static_cast<std::uint16_t>(DepositKind::Listener), 0, static_cast<std::uint32_t>(i), 1};
    if (const int error = the_keeper.deposits().add(std::span(&label, 1), socket); error != 0) return error;
    ::close(3 + i);
  }
  // Placeholders: no deposit may get a number that a supervisor needs for itself.
  for (int fd = 3; fd < kFirstFreeFd; ++fd) {
    if (::open("/dev/null", O_RDONLY | O_CLOEXEC) != fd) return EBADF;
  }
  return 0;
}

// Protections that are useful, but may be forbidden here: errors are ignored.
void protect_process() {
  static_cast<void>(daemon::set_oom_score_adj(-900));
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int run_supervisor_instead(const SupervisorProgram& program, const CommandLine& line) {
  const char* const check[] = {"ringmaster-supervisor", "--check", line.check, nullptr};
  const char* const print[] = {"ringmaster-supervisor", "--print-config", nullptr};
  const int error = exec_supervisor(program, line.action == CommandLine::Action::Check ? check : print);
  say(Level::Error, "cannot start \"%s\": %s", program.path, ::strerrordesc_np(error));
  return kExitUnavailable;
}

void say_missing(const daemon::KernelFeature& missing) {
  utsname kernel{};
  ::uname(&kernel);
  const char* const error = ::strerrordesc_np(missing.error);
  switch (daemon::why_missing(missing, kernel.release)) {
    case daemon::FeatureLack::OldKernel:
      say(Level::Error,
          "this kernel (%s) does not offer %s: %s; Linux %s or newer has it (6.1 is what ringmaster is "
          "made for)",
          kernel.release, missing.name, error, missing.since);
      break;
    case daemon::FeatureLack::Hidden:
      say(Level::Error,
          "%s is not to be had: %s, although this kernel (%s) has it since %s: a filter of system calls "
          "or a security module forbids it (a container's seccomp profile, SystemCallFilter=, a /proc that is not "
          "mounted or hides processes); allow it",
          missing.name, error, kernel.release, missing.since);
      break;
    case daemon::FeatureLack::NoRoom:
      say(Level::Error, "%s cannot be tried: %s; raise the limit (ulimit -n, ulimit -v)", missing.name, error);
      break;
  }
}

int run_keeper(const CommandLine& line) {
  const ServiceEnvironment service = read_service_environment(::getpid());
  Keeper::Setup& setup = the_keeper.setup();
  if (const daemon::KernelFeature missing = daemon::missing_kernel_feature(); missing.name != nullptr) {
    say_missing(missing);
    return kExitUnavailable;
  }
  if (const int error = setup.notify.open(service.notify_socket); error != 0) {
    say(Level::Warning, "cannot reach the service manager at NOTIFY_SOCKET \"%s\": %s", service.notify_socket,
        ::strerrordesc_np(error));
  }
  setup.watchdog_ns = service.watchdog_ns;
  setup.program.config = line.config;
  setup.program.socket = line.socket;
  setup.program.owned = line.owner != nullptr;
  setup.descriptors = daemon::raise_soft_limit(RLIMIT_NOFILE, setup.given.descriptors);
  // The limit is meant for files, but shared memory counts too.
  static_cast<void>(daemon::lift_limit(RLIMIT_FSIZE, setup.given.file_size));
  clear_service_environment();
  if (const int error = daemon::become_subreaper(); error != 0) {
    say(Level::Error, "cannot become a child subreaper: %s", ::strerrordesc_np(error));
    return kExitUnavailable;
  }
  protect_process();
  return the_keeper.run();
}

int start(int argc, char** argv) {
  fill_standard_descriptors(StandIn::Quiet);
  const CommandLine line = parse_command_line(argc, argv);
  switch (line.action) {
    case CommandLine::Action::Help:
      std::fputs(kUsage, stdout);
      return 0;
    case CommandLine::Action::Version:
      std::puts("ringmasterd " RINGMASTER_VERSION);
      return 0;
    case CommandLine::Action::Wrong:
      std::fprintf(stderr, "ringmasterd: %s: %s\n%s", line.offender, line.problem, kUsage);
      return kUsageError;
    case CommandLine::Action::Check:
    case CommandLine::Action::PrintConfig:
    case CommandLine::Action::Run:
      break;
  }
  if (line.action == CommandLine::Action::Run) {
    // SIGHUP is ignored: there is no reload, and a closed terminal must not lose jobs. So is SIGXFSZ: a file size limit
    // must be an error and not kill the daemon. Ctrl-Z stops it as usual.
    daemon::ignore_signals({SIGTERM, SIGINT, SIGQUIT, SIGTSTP});
    const int listen_fds = read_service_environment(::getpid()).listen_fds;
    const char* const why = line.owner != nullptr ? the_keeper.setup().owner.take(line.owner, listen_fds) : nullptr;
    if (why != nullptr) {
      std::fprintf(stderr, "ringmasterd: --owner-fd %s: %s\n", line.owner, why);
      return kUsageError;
    }
    if (const int error = take_inherited_descriptors(listen_fds); error != 0) {
      std::fprintf(stderr, "ringmasterd: cannot take over the %d sockets of LISTEN_FDS: %s\n", listen_fds,
                   ::strerrordesc_np(error));
      return kExitSocket;
    }
    const char* const unfit = line.folder != nullptr ? runtime_folder.take(line.folder, line.config) : nullptr;
    if (unfit != nullptr) {
      std::fprintf(stderr, "ringmasterd: --runtime-folder %s: %s\n", line.folder, unfit);
      return kUsageError;
    }
  }
  open_log();
  if (!find_supervisor(the_keeper.setup().program, supervisor_path, sizeof supervisor_path)) return kExitUnavailable;
  if (line.action != CommandLine::Action::Run) return run_supervisor_instead(the_keeper.setup().program, line);
  return run_keeper(line);
}

}  // namespace
}  // namespace ringmaster::keeper

int main(int argc, char** argv) {
  namespace keeper = ringmaster::keeper;
  const int code = keeper::start(argc, argv);
  if (!keeper::runtime_folder.remove()) {
    keeper::say(keeper::Level::Warning, "something is left in \"%s\", which could not be removed",
                keeper::runtime_folder.path());
  }
  std::fflush(nullptr);
  // Without destructors: the kernel closes the descriptors at the end of the process, and that does not block.
  ::_exit(code);
}
