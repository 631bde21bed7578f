#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::control::v1 {
class Reply;
}

namespace ringmaster::daemon {

/// The replies of one connection that the kernel has not taken yet: whole frames, one after the other in one buffer.
/// Descriptors are sent with the first byte of their frame. A large buffer is freed when it is empty.
class OutputBuffer {
 public:
  /// Appends a frame. A reply that is too large is replaced by an Error, and its descriptors are closed.
  void add(const control::v1::Reply& reply, std::vector<UniqueFd> fds);
  /// Sends what the kernel takes at once; returns the number of bytes. Errors as for send_with_fds. REQUIRES: !empty().
  [[nodiscard]] Result<std::size_t> send(int socket);
  void clear();

  [[nodiscard]] bool empty() const { return begin_ == bytes_.size(); }
  /// Bytes; a descriptor counts for kDescriptorBytes, so that a client that reads nothing cannot have many.
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_ + descriptors_ * kDescriptorBytes; }
  static constexpr std::size_t kDescriptorBytes = std::size_t{16} << 10;
  [[nodiscard]] std::size_t capacity() const { return bytes_.capacity(); }

 private:
  struct Passed {
    std::size_t at;  ///< index in `bytes_` of the frame's first byte
    std::vector<UniqueFd> fds;
  };

  void drop_front(std::size_t bytes);

  std::string bytes_;
  std::size_t begin_ = 0;  ///< where the unsent bytes begin
  std::deque<Passed> passed_;
  std::size_t descriptors_ = 0;  ///< in all of `passed_`
};

}  // namespace ringmaster::daemon
