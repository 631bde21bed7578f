#include "tests/chaos/wire_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ringmaster::chaos {
namespace {

constexpr int kGreetingMs = 40'000;

}  // namespace

bool WireLink::connect() {
  fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  decoder_ = wire::FrameDecoder();
  out_.clear();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.c_str(), socket_.size() + 1);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fd_.reset();
    return false;
  }
  control::v1::Request request;
  request.mutable_hello()->set_version_min(1);
  request.mutable_hello()->set_version_max(1);
  request.mutable_hello()->set_client("chaos wire");
  const std::uint64_t id = send(request);
  const auto reply = wait(kGreetingMs);
  if (!reply || reply->id() != id || !reply->has_hello()) {
    fd_.reset();
    return false;
  }
  daemon_id_ = reply->hello().daemon_id();
  return true;
}

std::uint64_t WireLink::send(control::v1::Request& request) {
  request.set_id(++last_id_);
  out_ += wire::make_frame(request.SerializeAsString());
  flush();
  return last_id_;
}

void WireLink::flush() {
  while (fd_ && !out_.empty()) {
    const ssize_t sent = ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      out_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      out_.clear();  // what it said before it went is still read
    }
  }
}

bool WireLink::receive() {
  std::array<std::byte, 65536> buffer;
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) {
    fd_.reset();
    return false;
  }
  decoder_.feed(std::span(buffer).first(static_cast<std::size_t>(got)));
  return true;
}

std::optional<control::v1::Reply> WireLink::wait(int ms) {
  for (bool waited = false;; waited = true) {
    if (const auto body = decoder_.take()) {
      control::v1::Reply reply;
      if (!reply.ParseFromString(*body)) reply.Clear();
      return reply;
    }
    if (!fd_ || waited) return std::nullopt;
    flush();
    pollfd look{fd_.get(), static_cast<short>(POLLIN | (out_.empty() ? 0 : POLLOUT)), 0};
    if (::poll(&look, 1, ms) <= 0) return std::nullopt;
    if ((look.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      while (receive()) {
        pollfd more{fd_.get(), POLLIN, 0};
        if (::poll(&more, 1, 0) <= 0) break;
      }
    }
  }
}

}  // namespace ringmaster::chaos
