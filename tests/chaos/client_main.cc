#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tests/chaos/client_task.h"

// One client of the judge. It writes its history to descriptor 3 and ends when it is told to (SIGTERM), or killed.
//   ringmaster-chaos-client SOCKET SEED WAY CLIENT INCARNATION POOLS PAUSE_US LARGEST CRASHES UID

using namespace ringmaster::chaos;  // NOLINT(google-build-using-namespace): a program

namespace {

// Where root runs the judge its clients are several users: what is another's goes other ways in the product. A machine
// that has no such user keeps this one.
void become(uid_t uid) {
  if (uid == ::geteuid() || ::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0) return;
  (void)!::setresuid(uid, uid, uid);
  ::prctl(PR_SET_DUMPABLE, 1);  // it counts its own descriptors
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 11) {
    std::fprintf(stderr, "ringmaster-chaos-client: started by ringmaster-chaos only\n");
    return 2;
  }
  // A thread may be told to leave in any call: it comes back with EINTR, or when what it waits for is there.
  struct sigaction leave {};
  leave.sa_handler = [](int) { told_to_leave() = true; };
  ::sigaction(SIGTERM, &leave, nullptr);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);  // it was blocked until here
  ::fcntl(3, F_SETFD, FD_CLOEXEC);

  const auto number = [&](int at) { return std::strtoull(argv[at], nullptr, 10); };
  become(static_cast<uid_t>(number(10)));
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which clears it
  ClientTask task;
  task.socket = argv[1];
  task.seed = number(2);
  task.way = static_cast<Way>(number(3));
  task.client = static_cast<std::uint32_t>(number(4));
  task.incarnation = static_cast<std::uint32_t>(number(5));
  task.limits.pools = static_cast<unsigned>(number(6));
  task.limits.mean_pause_us = static_cast<std::uint32_t>(number(7));
  task.limits.largest_bytes = number(8);
  task.limits.crashes = number(9) != 0;
  try {
    task.note(Kind::ClientStarts, task.self(),
              {::getpid(), task.client, task.incarnation, open_descriptors(), task.limits.crashes});
    switch (task.way) {
      case Way::Session:
        run_session_client(task);
        break;
      case Way::Socket:
        run_socket_client(task);
        break;
      case Way::Wire:
        run_wire_client(task);
        break;
    }
    task.note(Kind::Left, task.self(), {open_descriptors()});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
