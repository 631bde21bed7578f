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

/// The replies of one connection that the kernel has not taken yet, one behind the other in one piece of memory, each a
/// whole frame; descriptors go out with the first byte of theirs. What a peak took is given back when it is empty.
class OutputBuffer {
 public:
  /// Appends a frame. A reply that is too large for one becomes an error in its place, and its descriptors are closed.
  void add(const control::v1::Reply& reply, std::vector<UniqueFd> fds);
  /// Gives the kernel what it takes at once; the bytes that it took. Error codes as of send_with_fds. REQUIRES:
  /// !empty().
  [[nodiscard]] Result<std::size_t> send(int socket);
  void clear();

  [[nodiscard]] bool empty() const { return begin_ == bytes_.size(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  [[nodiscard]] std::size_t capacity() const { return bytes_.capacity(); }

 private:
  struct Passed {
    std::size_t at;  ///< of `bytes_`: the first byte of the frame
    std::vector<UniqueFd> fds;
  };

  void drop_front(std::size_t bytes);

  std::string bytes_;
  std::size_t begin_ = 0;  ///< of what is unsent
  std::deque<Passed> passed_;
};

}  // namespace ringmaster::daemon
