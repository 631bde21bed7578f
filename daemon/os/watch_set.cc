#include "daemon/os/watch_set.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

namespace ringmaster::daemon {

int WatchSet::open() noexcept {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  return epoll_ ? 0 : errno;
}

int WatchSet::add(int fd, std::uint32_t id) noexcept {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = std::uint64_t{static_cast<std::uint32_t>(fd)} << 32 | id;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void WatchSet::remove(int fd) noexcept { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<const WatchSet::Event> WatchSet::take(std::span<Event> room) noexcept {
  std::array<epoll_event, 64> events;
  const auto most = static_cast<int>(std::min(room.size(), events.size()));
  const int got = ::epoll_wait(epoll_.get(), events.data(), most, 0);
  const auto count = static_cast<std::size_t>(std::max(got, 0));
  for (std::size_t i = 0; i < count; ++i) {
    room[i] = {static_cast<std::uint32_t>(events[i].data.u64), static_cast<int>(events[i].data.u64 >> 32)};
  }
  return room.first(count);
}

}  // namespace ringmaster::daemon
