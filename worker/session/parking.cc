#include "worker/session/parking.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>

namespace ringmaster::worker {
namespace {

// The user data of an event; for a session's bell it is the session's index.
constexpr std::uint64_t kPoolBell = std::uint64_t{1} << 32;
constexpr std::uint64_t kControl = kPoolBell + 1;
constexpr std::uint64_t kHost = kPoolBell + 2;

}  // namespace

Result<Parking> Parking::create(int control_socket, int pool_bell) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return errno_error("cannot make an epoll set", errno);
  Parking parking(std::move(epoll));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kControl;
  if (::epoll_ctl(parking.epoll_.get(), EPOLL_CTL_ADD, control_socket, &event) != 0) {
    return errno_error("cannot watch the control socket (descriptor 3)", errno);
  }
  if (const auto watched = parking.watch(pool_bell, kPoolBell); !watched) return watched.error();
  return parking;
}

Result<void> Parking::watch_bell(int bell, std::uint32_t index) { return watch(bell, index); }

Result<void> Parking::watch(int bell, std::uint64_t name) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE;
  event.data.u64 = name;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell, &event) != 0) return errno_error("cannot watch a bell", errno);
  return {};
}

Result<void> Parking::watch_host(int fd) {
  if (fd == host_) return {};
  if (host_ >= 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, host_, nullptr);
  host_ = -1;
  if (fd < 0) return {};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kHost;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return errno_error("cannot watch descriptor " + std::to_string(fd), errno);
  }
  host_ = fd;
  return {};
}

void Parking::forget_bell(int bell) noexcept { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, bell, nullptr); }

int Parking::wait(std::span<epoll_event> events, std::chrono::nanoseconds at_most) noexcept {
  const auto room = static_cast<int>(events.size());
  if (!whole_ms_) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(at_most);
    const timespec time{whole.count(), (at_most - whole).count()};
    // By its number: a function of this name is only in glibc 2.35 and later.
    const auto count = static_cast<int>(
        ::syscall(SYS_epoll_pwait2, epoll_.get(), events.data(), room, &time, nullptr, std::size_t{0}));
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    whole_ms_ = true;
  }
  // Rounded up: a wait of less than a millisecond must not become none.
  const auto ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(at_most).count());
  return ::epoll_wait(epoll_.get(), events.data(), room, ms);
}

Parking::Wake Parking::sleep(std::chrono::nanoseconds at_most) noexcept {
  std::array<epoll_event, Wake::kMost> events{};
  const int count = wait(events, at_most);
  Wake wake;
  // After EINTR look as after a ring. A full list of events may be incomplete.
  wake.anywhere = count < 0 || count == static_cast<int>(events.size());
  for (int i = 0; i < count; ++i) {
    const std::uint64_t name = events[static_cast<std::size_t>(i)].data.u64;
    if (name == kControl) {
      wake.control = true;
    } else if (name == kHost) {
      wake.host = true;
    } else if (name == kPoolBell) {
      wake.anywhere = true;
    } else {
      wake.sessions_[wake.count_++] = static_cast<std::uint32_t>(name);
    }
  }
  return wake;
}

}  // namespace ringmaster::worker
