#include "worker/process/outside_signals.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/keeper_gone.h"

namespace ringmaster::worker {
namespace {

constexpr std::array kLeftAlone{SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE, SIGILL,   SIGABRT,
                                SIGTRAP, SIGSYS,  SIGCHLD, SIGCONT, SIGURG, SIGWINCH, kKeeperGoneSignal};

// The kernel's own struct sigaction.
struct KernelAction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};

void nothing(int) {}

void catch_it(int signal) noexcept {
  struct sigaction present {};
  if (::sigaction(signal, nullptr, &present) != 0) return;
  const bool taken =
      (present.sa_flags & SA_SIGINFO) != 0 || (present.sa_handler != SIG_DFL && present.sa_handler != SIG_IGN);
  if (taken) return;
  struct sigaction action {};
  action.sa_handler = nothing;
  // With SA_RESTART, a read or write of a background process on its terminal would be restarted for ever.
  action.sa_flags = signal == SIGTTIN || signal == SIGTTOU ? 0 : SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

// The C library reserves these signals and its sigaction() refuses them, but anybody may send them. When the library
// needs one it installs its own handler over ours.
void catch_by_the_kernel(int signal) noexcept {
  KernelAction action{};
  KernelAction present{};
  ::syscall(SYS_rt_sigaction, SIGTERM, nullptr, &action, sizeof action.mask);
  ::syscall(SYS_rt_sigaction, signal, nullptr, &present, sizeof action.mask);
  if (action.handler != nothing || (present.handler != SIG_DFL && present.handler != SIG_IGN)) return;
  ::syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

}  // namespace

void outlive_outside_signals() noexcept {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (std::find(kLeftAlone.begin(), kLeftAlone.end(), signal) != kLeftAlone.end()) continue;
    signal >= __SIGRTMIN&& signal < SIGRTMIN ? catch_by_the_kernel(signal) : catch_it(signal);
  }
}

}  // namespace ringmaster::worker
