#include "client/cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace ringmaster::cli {
namespace {
std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");
void on_signal(int) { flag.store(true, std::memory_order_relaxed); }
}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);  // nohup's wish stands
  }
}

bool interrupted() noexcept { return flag.load(std::memory_order_relaxed); }

}  // namespace ringmaster::cli
