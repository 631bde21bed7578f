#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "client/types/session_hold.h"

namespace ringmaster::client {
class SessionCore;
}

/// Public header: memory for a job's request.
namespace ringmaster {

/// Memory of a session for one request: fill it in place, then pass it to Session::submit. If it is destroyed without a
/// submit, the memory is freed.
class Request {
 public:
  Request() = default;
  Request(std::shared_ptr<SessionHold> session, std::uint64_t extent, std::uint64_t offset, std::span<std::byte> bytes)
      : session_(std::move(session)), extent_(extent), offset_(offset), taken_(bytes.size()), bytes_(bytes) {}
  Request(Request&& other) noexcept;
  Request& operator=(Request&& other) noexcept;
  ~Request() {
    if (session_) session_->give_back_request(extent_);
  }

  /// Empty in a forked child.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept;
  /// Makes the request smaller. REQUIRES: bytes <= bytes().size().
  void shrink(std::size_t bytes) noexcept { bytes_ = bytes_.first(bytes); }

 private:
  friend class client::SessionCore;
  /// Makes this empty without freeing the memory.
  void let_go() noexcept {
    session_.reset();
    extent_ = offset_ = taken_ = 0;
    bytes_ = {};
  }

  std::shared_ptr<SessionHold> session_;
  std::uint64_t extent_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t taken_ = 0;  // bytes of the extent, also after shrink()
  std::span<std::byte> bytes_;
};

}  // namespace ringmaster
