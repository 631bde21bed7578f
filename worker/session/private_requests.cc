#include "worker/session/private_requests.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace ringmaster::worker {

PrivateRequests PrivateRequests::map(int request_fd, std::span<const std::byte> shared) {
  PrivateRequests requests;
  auto memory = shm::Mapping::map(request_fd, shm::Access::Private, shared.size());
  if (!memory) return requests;
  requests.memory_ = std::move(*memory);
  requests.shared_ = shared;
  return requests;
}

std::byte* PrivateRequests::at(std::span<const std::byte> request) const noexcept {
  const bool inside = request.data() >= shared_.data() && request.size() <= shared_.size() &&
                      static_cast<std::size_t>(request.data() - shared_.data()) <= shared_.size() - request.size();
  if (!inside || !memory_) return nullptr;
  return memory_.bytes().data() + (request.data() - shared_.data());
}

void PrivateRequests::forget(std::span<const std::byte> request) const noexcept {
  std::byte* const begin = at(request);
  if (begin == nullptr) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto from = reinterpret_cast<std::uintptr_t>(begin) & ~(page - 1);
  const auto to = (reinterpret_cast<std::uintptr_t>(begin) + request.size() + page - 1) & ~(page - 1);
  if (to != from) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace ringmaster::worker
