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

// What one turn of the loop may need: the largest request, in all its copies. A mapping and no allocation: given back,
// it is room for any thread's; and never touched, it is room only.
constexpr std::size_t kBytes = std::size_t{16} << 20;

// Other threads of the process may be those who get nothing.
std::mutex mutex;
bool kept = false;
void* reserve = nullptr;
std::uint64_t times_used = 0;
std::terminate_handler terminate_before = nullptr;

void* taken() {
  void* const bytes = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return bytes == MAP_FAILED ? nullptr : bytes;
}

// Some libraries throw it by themselves, and some throw it where nobody may.
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
  // A thread that comes when another has just given it back tries once more.
  seen = times_used;
}

void MemoryReserve::end() noexcept {
  static constexpr char kWhy[] = "ringmasterd: the supervisor gets no more memory and ends; a successor takes over\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kWhy, sizeof kWhy - 1);
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

}  // namespace ringmaster::daemon
