#include "worker/process/keeper_watch.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/keeper_gone.h"

namespace ringmaster::worker {
namespace {

// A process that SIGKILL has not ended after this many passes is stuck in the kernel.
constexpr int kPasses = 2000;

pid_t keeper = 0;

// Only async-signal-safe calls. Kills all children before this process dies: otherwise they would survive as init's.
void keeper_is_gone(int) {
  if (::getppid() == keeper) return;  // the keeper lives: somebody else sent the signal
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  end_children();
  ::kill(::getpid(), SIGKILL);
}

}  // namespace

void end_children() noexcept {
  const pid_t self = ::getpid();
  for (int pass = 0; pass < kPasses; ++pass) {
    const unsigned living = kill_children(self);
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL)) > 0) {
    }
    if (reaped < 0 && living == 0) break;  // no child at all
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

void end_with_keeper() {
  keeper = ::getppid();
  struct sigaction action {};
  action.sa_handler = keeper_is_gone;
  ::sigfillset(&action.sa_mask);
  ::sigaction(kKeeperGoneSignal, &action, nullptr);
}

}  // namespace ringmaster::worker
