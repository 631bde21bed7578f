#include "tests/bench/floors.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "base/unique_fd.h"
#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

struct alignas(64) Line {
  std::atomic<std::uint32_t> word{0};
};

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, nullptr, nullptr, 0);
}
/// The best of nine rounds of filling `size` bytes and having them read. A shared map, as a session's ring is: faults
/// and page sizes are the same.
template <typename Read>
double best_fill_ms(unsigned long size, Read&& read) {
  void* const bytes = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  RM_CHECK(bytes != MAP_FAILED);
  double best = 0;
  for (int round = 0; round < 9; ++round) {
    const auto start = Clock::now();
    std::memset(bytes, round + 1, size);
    read(bytes);
    const double time = milliseconds(Clock::now() - start);
    if (round == 0 || time < best) best = time;
  }
  ::munmap(bytes, size);
  return best;
}

void futex_wake(std::atomic<std::uint32_t>& word) { ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

}  // namespace

void pin_to_cpu(int index) {
  static const cpu_set_t usable = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    RM_CHECK(::sched_getaffinity(0, sizeof set, &set) == 0);
    return set;
  }();
  int wanted = index % CPU_COUNT(&usable);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &usable) || wanted-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    RM_CHECK(::sched_setaffinity(0, sizeof one, &one) == 0);
    return;
  }
}

double cache_line_ping_pong_us(int rounds) {
  Line there;
  Line back;
  // Groups, since one round is hardly longer than reading the clock.
  constexpr int kGroup = 100;
  std::jthread other([&] {
    pin_to_cpu(1);
    for (std::uint32_t round = 1; round <= static_cast<std::uint32_t>(rounds) * kGroup; ++round) {
      while (there.word.load(std::memory_order_acquire) != round) {  // SYNC: pairs with the release below
      }
      back.word.store(round, std::memory_order_release);  // SYNC: pairs with the acquire below
    }
  });
  std::vector<double> times;
  std::jthread timed([&] {
    pin_to_cpu(0);
    std::uint32_t sequence = 0;
    for (int round = 0; round < rounds; ++round) {
      const auto start = Clock::now();
      for (int i = 0; i < kGroup; ++i) {
        there.word.store(++sequence, std::memory_order_release);         // SYNC: pairs with the acquire above
        while (back.word.load(std::memory_order_acquire) != sequence) {  // SYNC: pairs with the release above
        }
      }
      times.push_back(microseconds(Clock::now() - start) / kGroup);
    }
  });
  timed.join();
  return median(std::move(times));
}

double parked_ping_pong_us(int rounds) {
  UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  RM_CHECK(bell.valid() && epoll.valid());
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  RM_CHECK(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, bell.get(), &event) == 0);
  Line back;
  std::jthread other([&] {
    pin_to_cpu(1);
    for (int round = 0; round < rounds; ++round) {
      epoll_event ready{};
      while (::epoll_wait(epoll.get(), &ready, 1, -1) < 0 && errno == EINTR) {
      }
      back.word.fetch_add(1, std::memory_order_seq_cst);  // SYNC: pairs with the load below
      futex_wake(back.word);
    }
  });
  std::vector<double> times;
  std::jthread timed([&] {
    pin_to_cpu(0);
    for (std::uint32_t round = 0; round < static_cast<std::uint32_t>(rounds); ++round) {
      // Both asleep before each round, as an idle pool is.
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      const auto start = Clock::now();
      const std::uint64_t one = 1;
      RM_CHECK(::write(bell.get(), &one, sizeof one) == sizeof one);
      while (back.word.load(std::memory_order_seq_cst) == round) futex_wait(back.word, round);  // SYNC: see above
      times.push_back(microseconds(Clock::now() - start));
    }
  });
  timed.join();
  return median(std::move(times));
}

unsigned long read_every_byte(const void* bytes, unsigned long size) {
  const auto* words = static_cast<const std::uint64_t*>(bytes);
  std::uint64_t sum = 0;
  for (unsigned long i = 0; i < size / sizeof *words; ++i) sum += words[i];
  asm volatile("" : : "r"(sum) : "memory");
  return sum;
}

double fill_and_read_ms(unsigned long size) {
  return best_fill_ms(size, [&](const void* bytes) { (void)read_every_byte(bytes, size); });
}

double fill_and_read_on_two_cpus_ms(unsigned long size) {
  std::atomic<const void*> asked{nullptr};
  std::atomic<bool> over{false};
  std::jthread reader([&] {
    pin_to_cpu(1);
    while (!over.load(std::memory_order_relaxed)) {
      const void* const bytes = asked.load(std::memory_order_acquire);  // SYNC: pairs with the release below
      if (bytes == nullptr) continue;
      (void)read_every_byte(bytes, size);
      asked.store(nullptr, std::memory_order_release);  // SYNC: pairs with the acquire below
    }
  });
  double best = 0;
  std::jthread filler([&] {
    pin_to_cpu(0);
    best = best_fill_ms(size, [&](const void* bytes) {
      asked.store(bytes, std::memory_order_release);              // SYNC: pairs with the acquire above
      while (asked.load(std::memory_order_acquire) != nullptr) {  // SYNC: pairs with the release above
      }
    });
  });
  filler.join();
  over.store(true, std::memory_order_relaxed);
  return best;
}

}  // namespace ringmaster::bench
