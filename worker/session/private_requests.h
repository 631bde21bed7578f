#pragma once

#include <cstddef>
#include <span>

#include "shm/mapping.h"

namespace ringmaster::worker {

/// A session's requests once more, where handlers may write them: the same memory, mapped copy-on-write. What a handler
/// writes is this process's alone, and gone when the job has ended. Only the worker's thread touches it.
class PrivateRequests {
 public:
  PrivateRequests() = default;
  /// `shared`: where the same segment is mapped to be read. Where the kernel refuses, at() finds nothing.
  [[nodiscard]] static PrivateRequests map(int request_fd, std::span<const std::byte> shared);

  /// Where `request`, which lies in `shared`, may be written; nullptr: nowhere.
  [[nodiscard]] std::byte* at(std::span<const std::byte> request) const noexcept;
  /// Drops what was written to `request` and to its neighbours in the same pages. What lies elsewhere is left alone.
  void forget(std::span<const std::byte> request) const noexcept;

 private:
  shm::Mapping memory_;
  std::span<const std::byte> shared_;
};

}  // namespace ringmaster::worker
