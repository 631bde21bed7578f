#include "client/session/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace ringmaster::client {
std::atomic<std::uint32_t> fork_detail::generation{0};

namespace {

// Never destroyed: a session may outlive static objects.
struct Doomed {
  std::mutex mutex;
  std::vector<int> fds;
};
Doomed& doomed() {
  static auto* const list = new Doomed;
  return *list;
}

// Locked during the fork, so that the child gets a consistent list.
void before() { doomed().mutex.lock(); }
void in_parent() { doomed().mutex.unlock(); }
void in_child() {
  fork_detail::generation.fetch_add(1, std::memory_order_relaxed);
  for (const int fd : doomed().fds) (void)::close(fd);
  doomed().fds.clear();
  doomed().mutex.unlock();
}
[[maybe_unused]] const int registered = ::pthread_atfork(before, in_parent, in_child);
}  // namespace

void close_in_children(int fd) {
  const std::lock_guard lock(doomed().mutex);
  doomed().fds.push_back(fd);
}

void forget_in_children(int fd) noexcept {
  const std::lock_guard lock(doomed().mutex);
  const auto found = std::find(doomed().fds.begin(), doomed().fds.end(), fd);
  if (found != doomed().fds.end()) doomed().fds.erase(found);
}

}  // namespace ringmaster::client
