#include "daemon/supervisor/keeper_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "base/keeper_gone.h"

namespace ringmaster::daemon {
namespace {

constexpr int kGraceMs = 3000;  // a worker needs less to end by itself
constexpr int kPasses = 500;

std::atomic<const shm::LedgerRecord*> watched{nullptr};
pid_t keeper = 0;

void pause_ms(long ms) {
  const timespec pause{ms / 1000, ms % 1000 * 1'000'000};
  ::nanosleep(&pause, nullptr);
}

// Only async-signal-safe calls.
void keeper_is_gone(int) {
  if (::getppid() == keeper) return;  // the keeper lives: somebody else sent the signal
  static pollfd workers[shm::kMaxWorkers];
  static pid_t pids[shm::kMaxWorkers];
  nfds_t count = 0;
  const shm::LedgerRecord* const ledger = watched.load(std::memory_order_acquire);  // SYNC: pairs with end_with_keeper.
  if (ledger != nullptr) {
    for (const shm::LedgerWorker& worker : ledger->workers) {
      const auto pid = static_cast<pid_t>(worker.pid);
      const auto state = static_cast<shm::LedgerState>(worker.state.load(std::memory_order_relaxed));
      // A worker leads its process group; another process that has its pid by now most likely does not.
      if (state == shm::LedgerState::Empty || pid <= 1 || ::getpgid(pid) != pid) continue;
      const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
      if (pidfd < 0) continue;
      workers[count] = {pidfd, POLLIN, 0};
      pids[count++] = pid;
    }
  }
  for (int waited = 0; waited < kGraceMs; waited += 20) {
    if (::poll(workers, count, 0) == static_cast<int>(count)) break;
    pause_ms(20);
  }
  for (nfds_t i = 0; i < count; ++i) {
    if (::poll(&workers[i], 1, 0) != 0) continue;
    for (int pass = 0; pass < kPasses && kill_children(pids[i]) != 0; ++pass) pause_ms(1);
    ::syscall(SYS_pidfd_send_signal, workers[i].fd, SIGKILL, nullptr, 0);
  }
  ::kill(::getpid(), SIGKILL);
}

}  // namespace

void end_with_keeper(const shm::LedgerRecord& ledger) {
  keeper = ::getppid();
  watched.store(&ledger, std::memory_order_release);  // SYNC: the handler reads the ledger.
  struct sigaction action {};
  action.sa_handler = keeper_is_gone;
  ::sigfillset(&action.sa_mask);
  ::sigaction(kKeeperGoneSignal, &action, nullptr);
}

void await_end_of_keeper() {
  for (int waited = 0; ::getppid() == keeper && waited < kGraceMs; waited += 10) pause_ms(10);
  keeper_is_gone(0);
}

}  // namespace ringmaster::daemon
