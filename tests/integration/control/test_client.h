#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <vector>

#include "proto/control.pb.h"
#include "proto/fd_passing.h"
#include "proto/frame.h"

namespace ringmaster::testing {

namespace v1 = control::v1;

/// A client with blocking calls; a minute of silence fails the test.
class TestClient {
 public:
  explicit TestClient(const std::string& path, bool greet = true)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const timeval minute{60, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (!greet) return;
    v1::Request request;
    request.mutable_hello()->set_version_min(1);
    request.mutable_hello()->set_version_max(1);
    EXPECT_TRUE(call(request).has_hello());
  }

  void send(v1::Request& request) {
    request.set_id(++last_id_);
    send_raw(wire::make_frame(request.SerializeAsString()));
  }
  void send_raw(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t sent = ::send(socket_.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<std::size_t>(sent);
    }
  }
  v1::Reply call(v1::Request& request) {
    send(request);
    auto reply = receive();
    EXPECT_TRUE(reply.has_value()) << "the connection ended";
    return reply.value_or(v1::Reply{});
  }
  /// nullopt: the connection has ended.
  std::optional<v1::Reply> receive() {
    std::vector<std::byte> buffer(65536);
    while (true) {
      if (const auto body = decoder_.take()) {
        v1::Reply reply;
        EXPECT_TRUE(reply.ParseFromString(*body));
        return reply;
      }
      auto received = wire::receive_with_fds(socket_.get(), buffer);
      if (!received || received->size == 0) return std::nullopt;
      for (UniqueFd& fd : received->fds) fds.push_back(std::move(fd));
      decoder_.feed(std::span(buffer).first(received->size));
    }
  }
  [[nodiscard]] int fd() const { return socket_.get(); }

  std::vector<UniqueFd> fds;  ///< that came

 private:
  UniqueFd socket_;
  wire::FrameDecoder decoder_;
  std::uint64_t last_id_ = 0;
};

}  // namespace ringmaster::testing
