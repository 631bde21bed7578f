#include "daemon/supervisor/work_bell.h"

#include <sys/epoll.h>

#include <array>

namespace ringmaster {

WorkBell::WorkBell(EventLoop& loop, std::function<void()> rung)
    : loop_(loop), rung_(std::move(rung)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void WorkBell::add(int bell) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.fd = bell;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell, &event);
}

void WorkBell::remove(int bell) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, bell, nullptr); }

void WorkBell::forget() {
  std::array<epoll_event, 64> events;
  while (::epoll_wait(epoll_.get(), events.data(), events.size(), 0) == static_cast<int>(events.size())) {
  }
}

void WorkBell::arm() {
  if (watch_ || !epoll_) return;
  watch_ = std::make_unique<FdWatch>(loop_, epoll_.get(), [this] {
    watch_.reset();
    rung_();
  });
}

}  // namespace ringmaster
