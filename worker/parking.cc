#include "worker/parking.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

namespace ringmaster {

Result<Parking> Parking::create(int control_socket, int pool_bell) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return errno_error("cannot make an epoll set", errno);
  Parking parking(std::move(epoll), control_socket);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = control_socket;
  if (::epoll_ctl(parking.epoll_.get(), EPOLL_CTL_ADD, control_socket, &event) != 0) {
    return errno_error("cannot watch the control socket (descriptor 3)", errno);
  }
  if (const auto watched = parking.watch_bell(pool_bell); !watched) return watched.error();
  return parking;
}

Result<void> Parking::watch_bell(int bell) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE;
  event.data.fd = bell;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell, &event) != 0) return errno_error("cannot watch a bell", errno);
  return {};
}

void Parking::forget_bell(int bell) noexcept { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, bell, nullptr); }

Parking::Wake Parking::sleep(std::chrono::nanoseconds at_most) noexcept {
  std::array<epoll_event, 16> events{};
  // Rounded up: a wait of less than a millisecond must not become none.
  const auto ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(at_most).count());
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), ms);
  Wake wake;
  if (count < 0) wake.bell = true;  // EINTR: look again, as after a ring.
  for (int i = 0; i < count; ++i) {
    (events[static_cast<std::size_t>(i)].data.fd == control_socket_ ? wake.control : wake.bell) = true;
  }
  return wake;
}

}  // namespace ringmaster
