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
namespace {

bool same_count(std::uint32_t one, std::uint32_t other) { return ((one ^ other) & ~shm::kWaitingBit) == 0; }

}  // namespace

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

bool CompletionFeed::tell_of_next(std::uint32_t seen) noexcept {
  // SYNC: seq_cst, pairs with run(), which reads the word first: if this thread's question stands in the word that it
  // reads, or has been answered in it, it sees from which word on.
  from_.store(seen, std::memory_order_seq_cst);
  return core_.port().ask_to_wake(seen);
}

void CompletionFeed::run() noexcept {
  const shm::ClientPort& port = core_.port();
  std::uint32_t told = port.observe();
  tell();                                           // jobs may have ended before the thread started
  while (!stop_.load(std::memory_order_acquire)) {  // SYNC: pairs with stop().
    const std::uint32_t word = port.observe();
    // SYNC: seq_cst, pairs with tell_of_next().
    std::uint64_t from = from_.load(std::memory_order_seq_cst);
    const bool always = from == kAlways;
    if (from != kAwake && !same_count(word, always ? told : static_cast<std::uint32_t>(from))) {
      told = word;
      // SYNC: seq_cst, as above. If it fails the program has looked meanwhile, and sleeps from another word on.
      if (always || from_.compare_exchange_strong(from, kAwake, std::memory_order_seq_cst)) tell();
      continue;
    }
    // Changes nothing if tell_of_next() has asked at this count: only a count takes the question away (shm/DESIGN.md,
    // F4).
    const bool asks = from != kAwake;
    if (asks && !port.ask_to_wake(word)) continue;
    if (!port.nap(asks ? word | shm::kWaitingBit : word, core_.life().longest_nap()) && core_.check_gone()) {
      tell();
      return;
    }
  }
}

}  // namespace ringmaster::client
