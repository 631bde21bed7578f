#include "bindings/python/native/task_input.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace ringmaster::python {

std::shared_ptr<TaskInput> TaskInput::map(rm_job& job) {
  auto* const at = static_cast<std::byte*>(job.calls->writable_input(&job));
  if (at == nullptr) return nullptr;
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(at) & ~(page - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(at) + job.input_size + page - 1) & ~(page - 1);
  auto* const from = at - (reinterpret_cast<std::uintptr_t>(at) - begin);
  // The mapping is moved to an address of its own, and stays where it was, too, as if nobody had touched it yet.
  void* const moved = ::mremap(from, end - begin, end - begin, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
  if (moved == MAP_FAILED) return nullptr;
  // Unlike the worker's own mappings it is there in processes that the call forks.
  (void)::madvise(moved, end - begin, MADV_DOFORK);
  auto* const pages = static_cast<std::byte*>(moved);
  return std::shared_ptr<TaskInput>(new TaskInput({pages + (at - from), static_cast<std::size_t>(job.input_size)},
                                                  {pages, static_cast<std::size_t>(end - begin)}));
}

TaskInput::~TaskInput() { ::munmap(pages_.data(), pages_.size()); }

void TaskInput::keep() noexcept {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  // A page becomes this process's own by being written.
  for (std::size_t i = 0; i < pages_.size(); i += page) {
    volatile std::byte* const byte = pages_.data() + i;
    *byte = *byte;
  }
}

}  // namespace ringmaster::python
