#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "proto/control.pb.h"
#include "proto/frame.h"

namespace ringmaster::chaos {

/// One connection of the control protocol. Many questions may be under way at once; only wait() waits, and it returns
/// every reply, also one that answers no question.
class WireLink {
 public:
  explicit WireLink(std::string socket) : socket_(std::move(socket)) {}

  /// Connects and says hello; false: nobody answers now.
  bool connect();
  [[nodiscard]] bool connected() const noexcept { return fd_.valid(); }
  [[nodiscard]] std::uint64_t daemon_id() const noexcept { return daemon_id_; }
  /// The number of the question.
  std::uint64_t send(control::v1::Request& request);
  /// The next reply, for at most `ms` waited for. nullopt: none yet, or the connection is gone (connected()).
  std::optional<control::v1::Reply> wait(int ms);

 private:
  void flush();
  bool receive();

  std::string socket_;
  UniqueFd fd_;
  wire::FrameDecoder decoder_;
  std::string out_;
  std::uint64_t last_id_ = 0;
  std::uint64_t daemon_id_ = 0;
};

}  // namespace ringmaster::chaos
