#include "daemon/machine/memory_reserve.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>

namespace ringmaster::daemon {
namespace {

// Enough for one turn of the loop with the largest request and all its copies. A mapping, not an allocation, so that
// unmapping it makes room for every thread. It is never touched, so it takes address space but no memory.
constexpr std::size_t kBytes = std::size_t{16} << 20;

// Any thread of the process may fail to allocate.
std::mutex mutex;
bool kept = false;
void* reserve = nullptr;
std::uint64_t times_used = 0;
std::terminate_handler terminate_before = nullptr;

void* taken() {
  void* const bytes = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return bytes == MAP_FAILED ? nullptr : bytes;
}

// For std::bad_alloc from libraries that do not call operator new, or that throw within noexcept.
[[noreturn]] void terminated() {
  if (const std::exception_ptr thrown = std::current_exception()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      MemoryReserve::end();
    } catch (...) {
    }
  }
  if (terminate_before != nullptr) terminate_before();
  std::abort();
}

}  // namespace

void MemoryReserve::keep() noexcept {
  {
    const std::lock_guard lock(mutex);
    kept = true;
    reserve = taken();
  }
  std::set_new_handler(use);
  terminate_before = std::set_terminate(terminated);
}

bool MemoryReserve::spent() noexcept {
  const std::lock_guard lock(mutex);
  if (kept && reserve == nullptr) reserve = taken();
  return kept && reserve == nullptr;
}

void MemoryReserve::use() noexcept {
  thread_local std::uint64_t seen = 0;
  const std::lock_guard lock(mutex);
  if (reserve != nullptr) {
    ::munmap(reserve, kBytes);
    reserve = nullptr;
    ++times_used;
  } else if (seen == times_used) {
    end();
  }
  // If another thread has just released the reserve, this thread tries its allocation once more.
  seen = times_used;
}

void MemoryReserve::end() noexcept {
  static constexpr char kWhy[] = "ringmasterd: the supervisor gets no more memory and ends; a successor takes over\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kWhy, sizeof kWhy - 1);
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

}  // namespace ringmaster::daemon
