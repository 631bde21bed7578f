#include "daemon/supervisor/service_socket.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/control/socket/alive_mark.h"
#include "daemon/log/log.h"
#include "daemon/os/descriptors.h"

namespace ringmaster::daemon {

using keeper::DepositKind;

Result<void> ServiceSocket::open(InheritedDeposits& inherited) {
  Listener listener;
  const bool passed = take_up(inherited, listener);
  if (!listener.socket) {
    auto opened = open_listener(path_, config_, std::move(listener.lock));
    if (!opened) return Error{opened.error().message, keeper::kExitSocket};
    listener = std::move(*opened);
    deposit(listener);
  }
  guard_ = std::make_unique<SocketGuard>(loop_, path_, config_, std::move(listener), passed,
                                         SocketGuard::Hooks{[this](const Listener& now) { on_bound(now); }});
  hold_alive_mark(inherited.take(DepositKind::Lock, 1, 0));
  return {};
}

// Takes up an inherited socket. True: it is the service manager's.
bool ServiceSocket::take_up(InheritedDeposits& inherited, Listener& listener) {
  // Our own socket comes first: it has replaced the service manager's if somebody removed that one's file.
  listener.socket = inherited.take(DepositKind::Listener, 0, 0);
  const bool own = listener.socket.valid();
  if (!own) listener.socket = inherited.take(DepositKind::Listener, 0, 1);
  listener.lock = inherited.take(DepositKind::Lock, 0, 0);
  if (own || !listener.socket) return false;
  if (std::string bound = bound_path(listener.socket.get()); !bound.empty() && bound != path_) {
    log_warning("the service manager's socket has another path than the configuration says: clients must be told which",
                {{"socket", bound}, {"configured", path_}});
    path_ = std::move(bound);
  }
  return true;
}

UniqueFd ServiceSocket::to_accept_on() const {
  return duplicate_above(guard_->listener().socket.get(), STDERR_FILENO + 1);
}

void ServiceSocket::guard(std::function<void(UniqueFd)> listen_on) {
  listen_on_ = std::move(listen_on);
  guard_->start();
}

void ServiceSocket::on_bound(const Listener& now) {
  deposit(now);
  UniqueFd own = duplicate_above(now.socket.get(), STDERR_FILENO + 1);
  if (!own) return log_error("cannot accept at the socket that was bound again", {{"error", std::strerror(errno)}});
  listen_on_(std::move(own));
}

// Replaces the socket that the keeper holds, if any.
void ServiceSocket::deposit(const Listener& listener) {
  const auto bit = keeper::kind_bit;
  keeper_.release({bit(DepositKind::Listener), 0, std::nullopt});
  keeper_.release({bit(DepositKind::Lock), 0, 0});
  const std::array labels{keeper::make_label(DepositKind::Listener), keeper::make_label(DepositKind::Lock)};
  const std::array fds{listener.socket.get(), listener.lock.get()};
  keeper_.deposit(labels, fds, nullptr);
}

void ServiceSocket::hold_alive_mark(UniqueFd inherited) {
  alive_ = std::move(inherited);
  if (alive_) return;
  auto opened = open_alive_mark(path_, passed());
  if (!opened) return log_warning(opened.error().message);
  if (!*opened) return;
  alive_ = std::move(*opened);
  const std::array labels{keeper::make_label(DepositKind::Lock, 1, 0)};
  const std::array fds{alive_.get()};
  keeper_.deposit(labels, fds, nullptr);
}

}  // namespace ringmaster::daemon
