#include "client/cli/console/interrupt.h"

#include <limits.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace ringmaster::cli {
namespace {

std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");
// Written by one thread while `removable` is not set; read by the signal handler if `removable` is set.
char doomed[PATH_MAX];
std::atomic<bool> removable{false};

void on_signal(int signal) {
  const int before = errno;
  if (flag.exchange(true, std::memory_order_relaxed)) {
    // SYNC: acquire, pairs with remove_when_ended(): the path is complete.
    if (removable.load(std::memory_order_acquire)) ::unlink(doomed);
    std::signal(signal, SIG_DFL);
    std::raise(signal);  // takes effect when the handler returns
  }
  errno = before;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);  // under nohup it stays ignored
  }
}

bool interrupted() noexcept { return flag.load(std::memory_order_relaxed); }

void remove_when_ended(const std::string& path) noexcept {
  removable.store(false, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);  // orders the writes for a handler that runs in this thread
  if (path.empty() || path.size() >= sizeof doomed) return;
  std::memcpy(doomed, path.c_str(), path.size() + 1);
  removable.store(true, std::memory_order_release);  // SYNC: pairs with on_signal().
}

}  // namespace ringmaster::cli
