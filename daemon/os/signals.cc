#include "daemon/os/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ringmaster::daemon {
namespace {

constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
struct sigaction before[kFaults.size()];

// The system call itself: the C library's refuses the two signals that it reserves, but anybody may send them.
int set_disposition(int signal, void (*handler)(int)) noexcept {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    unsigned long mask;
  } const action{handler, 0, nullptr, 0};
  return ::syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask) == 0 ? 0 : errno;
}

void on_fault(int signal, siginfo_t* info, void*) {
  const bool sent = info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL;
  if (sent && info->si_pid != ::getpid()) ::kill(::getpid(), SIGKILL);
  const auto at = std::find(kFaults.begin(), kFaults.end(), signal) - kFaults.begin();
  ::sigaction(signal, &before[at], nullptr);
  // A faulting instruction is run again and faults again; a signal that was sent must be raised again.
  if (sent) ::raise(signal);
}

}  // namespace

bool is_fault_signal(int signal) noexcept { return std::find(kFaults.begin(), kFaults.end(), signal) != kFaults.end(); }

void ignore_signals(std::initializer_list<int> but) noexcept {
  for (int signal = 1; signal < NSIG; ++signal) {
    // Signals that are ignored by default are left alone: ignoring SIGCHLD explicitly would reap children unseen.
    const bool harmless = signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
    if (harmless || signal == SIGKILL || signal == SIGSTOP || is_fault_signal(signal)) continue;
    if (std::find(but.begin(), but.end(), signal) != but.end()) continue;
    static_cast<void>(set_disposition(signal, SIG_IGN));
  }
}

void die_by_foreign_faults_as_by_kill() noexcept {
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    struct sigaction ours {};
    ours.sa_sigaction = on_fault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(kFaults[i], &ours, &before[i]);
  }
}

int reset_signals() noexcept {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (const int error = set_disposition(signal, SIG_DFL); error != 0) return error;
  }
  sigset_t none;
  sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0 ? 0 : errno;
}

UniqueFd open_signalfd(std::initializer_list<int> signals) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return UniqueFd();
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int read_signal(int signalfd) noexcept {
  signalfd_siginfo info{};
  return ::read(signalfd, &info, sizeof info) == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo)
                                                                                   : 0;
}

}  // namespace ringmaster::daemon
