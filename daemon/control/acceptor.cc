#include "daemon/control/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "daemon/core/daemon/request_turns.h"
#include "daemon/log/log.h"
#include "daemon/loop/closer.h"
#include "proto/control_convert.h"
#include "proto/fd_passing.h"
#include "proto/frame.h"

namespace ringmaster::daemon {
namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr core::Duration kRest = std::chrono::milliseconds{20};
constexpr core::Duration kCloserRest = std::chrono::milliseconds{2};
constexpr core::Duration kSayAgain = std::chrono::seconds{10};

UniqueFd any_descriptor() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

void turn_away(int socket, int code, const std::string& why) {
  const std::string frame =
      wire::make_frame(wire::error_reply(0, static_cast<control::v1::ErrorCode>(code), why).SerializeAsString());
  (void)wire::send_with_fds(socket, std::as_bytes(std::span(frame)), {}, MSG_DONTWAIT);
}

Acceptor::Acceptor(EventLoop& loop, UniqueFd listener, Take take)
    : loop_(loop), listener_(std::move(listener)), take_(std::move(take)), spare_(any_descriptor()) {
  watch();
}

Acceptor::~Acceptor() { stop(); }

void Acceptor::watch() {
  // A client may give up between the event and the accept: then accept must not block.
  blocks_ = ::fcntl(listener_.get(), F_SETFL, ::fcntl(listener_.get(), F_GETFL) | O_NONBLOCK) != 0;
  waiting_ = std::make_unique<FdWatch>(loop_, listener_.get(), [this] { accept(); });
}

void Acceptor::listen_on(UniqueFd listener) {
  next_ = std::move(listener);
  wake();
  waiting_.reset();
  move_on();
}

// Changes to the new listener when nobody waits at the old one, which may be later if descriptors are missing.
void Acceptor::move_on() {
  while (accept_one()) {
  }
  if (rest_ || !listener_) return;
  listener_ = std::move(next_);
  watch();
}

void Acceptor::wake() {
  if (rest_) loop_.cancel(*rest_);
  rest_.reset();
}

void Acceptor::stop() {
  wake();
  waiting_.reset();
  listener_.reset();
  next_.reset();
}

// Accepts many at once, because one uid's connections may wait before others in the backlog; but not all, because the
// backlog may be refilled for ever.
void Acceptor::accept() {
  core::TurnBudget budget(loop_.now());
  for (int i = 0; i < kAcceptsPerTurn && budget.step(loop_.now()); ++i) {
    if (!accept_one()) return;
  }
}

bool Acceptor::accept_one() {
  if (!listener_) return false;
  pollfd look{listener_.get(), POLLIN, 0};
  if (blocks_ && ::poll(&look, 1, 0) <= 0) return false;
  UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (peer) {
    take_(std::move(peer));
    if (!listener_) return false;
    // Rejected clients may leave descriptors in their sockets, and may come faster than these can be closed.
    if (loop_.closer().full()) rest(0);
    return !rest_;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  if (errno == EINTR || errno == ECONNABORTED) return true;
  const int error = errno;
  refuse_one(error);
  rest(error);
  return false;
}

void Acceptor::refuse_one(int error) {
  if ((error != EMFILE && error != ENFILE) || !spare_) return;
  spare_.reset();
  UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (peer) {
    turn_away(peer.get(), control::v1::ERROR_BUSY,
              std::string{"the daemon has no descriptor left for another connection ("} + std::strerror(error) +
                  "); try again when others have ended, or raise its limit (ulimit -n, LimitNOFILE=)");
    // The spare descriptor is free again when this socket is closed, which its client can delay.
    loop_.closer().close(Closer::Account::of_uid(~std::uint32_t{0}), std::move(peer),
                         [alive = std::weak_ptr(alive_), this] {
                           if (!alive.expired() && !spare_) spare_ = any_descriptor();
                         });
  } else {
    spare_ = any_descriptor();
  }
}

// Accepts nothing for a moment; clients wait in the backlog.
void Acceptor::rest(int error) {
  const core::TimePoint now = loop_.now();
  if (error != 0 && (!said_ || now - *said_ >= kSayAgain)) {
    said_ = now;
    log_warning("cannot accept a connection", {{"error", std::strerror(error)}});
  }
  waiting_.reset();
  if (!spare_) spare_ = any_descriptor();
  rest_ = loop_.after(error != 0 ? kRest : kCloserRest, [this] {
    rest_.reset();
    next_ ? move_on() : watch();
  });
}

}  // namespace ringmaster::daemon
