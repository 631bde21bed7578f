#include "client/session/completion_feed.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/standard_descriptors.h"
#include "client/session/session_core.h"
#include "client/session/wait_step.h"
#include "shm/port/hints.h"

namespace ringmaster::client {

Result<void> CompletionFeed::start() {
  bell_ = above_standard(UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  if (!bell_) return errno_error("cannot create an eventfd", errno);
  // Signals shall go to the program's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<void> started;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& failure) {
    started = errno_error("cannot start the thread that feeds the event descriptor", failure.code().value());
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void CompletionFeed::stop() noexcept {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_release);  // SYNC: pairs with run(); the word changes after it.
  shm::wake_client(core_.port().reply());
  thread_.join();
}

void CompletionFeed::tell() noexcept {
  const std::uint64_t one = 1;
  ssize_t rc = 0;
  do {
    rc = ::write(bell_.get(), &one, sizeof one);
  } while (rc < 0 && errno == EINTR);
}

void CompletionFeed::run() noexcept {
  std::uint32_t seen = core_.port().observe();
  tell();                                           // jobs may have ended before the thread started
  while (!stop_.load(std::memory_order_acquire)) {  // SYNC: pairs with stop().
    core_.port().sleep(seen & ~shm::kWaitingBit, kLongestNap);
    const std::uint32_t now = core_.port().observe();
    if ((now | shm::kWaitingBit) != (seen | shm::kWaitingBit)) {
      seen = now;
      tell();
    } else if (core_.check_gone()) {
      tell();
      return;
    }
  }
}

}  // namespace ringmaster::client
