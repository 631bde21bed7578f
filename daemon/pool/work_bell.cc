#include "daemon/pool/work_bell.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kBlindLook = std::chrono::milliseconds{20};

}  // namespace

WorkBell::WorkBell(EventLoop& loop, std::function<void()> rung)
    : loop_(loop), rung_(std::move(rung)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

WorkBell::~WorkBell() { disarm(); }

bool WorkBell::watch(int bell) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.fd = bell;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell, &event) == 0;
}

void WorkBell::add(int bell) {
  if (!watch(bell)) blind_.insert(bell);
}

void WorkBell::remove(int bell) {
  if (blind_.erase(bell) == 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, bell, nullptr);
}

void WorkBell::forget() {
  std::array<epoll_event, 64> events;
  while (::epoll_wait(epoll_.get(), events.data(), events.size(), 0) == static_cast<int>(events.size())) {
  }
}

void WorkBell::arm() {
  if (armed()) return;
  const auto told = [this] {
    disarm();
    rung_();
  };
  std::erase_if(blind_, [this](int bell) { return watch(bell) || errno == EBADF; });
  if (epoll_) watch_ = std::make_unique<FdWatch>(loop_, epoll_.get(), told);
  if (!blind_.empty()) look_ = loop_.after(kBlindLook, told);
}

void WorkBell::disarm() {
  watch_.reset();
  if (look_) loop_.cancel(*look_);
  look_.reset();
}

}  // namespace ringmaster::daemon
