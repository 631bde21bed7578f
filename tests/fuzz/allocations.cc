#include "tests/fuzz/allocations.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RINGMASTER_HEAP_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RINGMASTER_HEAP_IS_SANITIZED 1
#endif
#endif

namespace ringmaster::fuzz {
namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> live{0};
std::atomic<std::size_t> peak{0};
std::size_t before = 0;

}  // namespace

void reset_allocations() {
  count = 0;
  before = live;
  peak = before;
}

Allocations allocations() { return {count, peak - before}; }

#ifndef RINGMASTER_HEAP_IS_SANITIZED
namespace {

void* note(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  count.fetch_add(1, std::memory_order_relaxed);
  const std::size_t now =
      live.fetch_add(::malloc_usable_size(memory), std::memory_order_relaxed) + ::malloc_usable_size(memory);
  std::size_t most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
  return memory;
}

void give_back(void* memory) {
  live.fetch_sub(::malloc_usable_size(memory), std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace
#endif

}  // namespace ringmaster::fuzz

#ifndef RINGMASTER_HEAP_IS_SANITIZED
void* operator new(std::size_t size) { return ringmaster::fuzz::note(std::malloc(size == 0 ? 1 : size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return ringmaster::fuzz::note(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void operator delete(void* memory) noexcept { ringmaster::fuzz::give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { ringmaster::fuzz::give_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { ringmaster::fuzz::give_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { ringmaster::fuzz::give_back(memory); }
#endif
