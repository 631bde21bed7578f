#include "bindings/python/native/lent.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

namespace ringmaster::python {
namespace {

// A child that was stopped by somebody does not stop its parent too.
constexpr int kPatienceMs = 10'000;

Lent* all = nullptr;
std::array<int, 2> copied{-1, -1};  // a pipe whose writing end the child closes

void close_end(std::size_t end) noexcept {
  const int fd = std::exchange(copied[end], -1);
  if (fd >= 0) ::close(fd);
}

}  // namespace

Lent::Lent(std::span<std::byte> bytes) noexcept : Extent(bytes), next_(all), back_(&all) {
  if (next_ != nullptr) next_->back_ = &next_;
  all = this;
}

Lent::~Lent() {
  *back_ = next_;
  if (next_ != nullptr) next_->back_ = back_;
}

std::span<std::byte> Lent::pages() const noexcept {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::byte* const at = bytes().data();
  const std::size_t before = reinterpret_cast<std::uintptr_t>(at) % page;
  return {at - before, (before + bytes().size() + page - 1) / page * page};
}

// The memory moves to where the result is, in one step.
void Lent::make_own() const noexcept {
  const auto from = pages();
  void* const own = ::mmap(nullptr, from.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (own == MAP_FAILED) return;
  std::memcpy(own, from.data(), from.size());
  (void)::mremap(own, from.size(), from.size(), MREMAP_MAYMOVE | MREMAP_FIXED, from.data());
}

void Lent::before_fork() noexcept {
  if (all == nullptr || ::pipe2(copied.data(), O_CLOEXEC) != 0) return;
  for (const Lent* one = all; one != nullptr; one = one->next_)
    (void)::madvise(one->pages().data(), one->pages().size(), MADV_DOFORK);
}

void Lent::after_fork_in_parent() noexcept {
  if (copied[0] < 0) return;
  close_end(1);
  for (const Lent* one = all; one != nullptr; one = one->next_)
    (void)::madvise(one->pages().data(), one->pages().size(), MADV_DONTFORK);
  pollfd end{copied[0], POLLIN, 0};
  (void)::poll(&end, 1, kPatienceMs);
  close_end(0);
}

void Lent::after_fork_in_child() noexcept {
  if (copied[0] < 0) return;
  close_end(0);
  for (const Lent* one = all; one != nullptr; one = one->next_) one->make_own();
  close_end(1);
}

}  // namespace ringmaster::python
