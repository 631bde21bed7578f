#pragma once

#include <cstddef>
#include <span>

#include "shm/mapping.h"

namespace ringmaster::worker {

/// A second, copy-on-write mapping of a session's requests, which handlers may write. Only this process sees what a
/// handler writes, and it is dropped when the job has ended. Only the worker's thread touches it.
class PrivateRequests {
 public:
  PrivateRequests() = default;
  /// `shared`: the read-only mapping of the same segment. If the kernel refuses, at() returns nullptr.
  [[nodiscard]] static PrivateRequests map(int request_fd, std::span<const std::byte> shared);

  /// The writable address of `request`, which lies in `shared`; nullptr: there is none.
  [[nodiscard]] std::byte* at(std::span<const std::byte> request) const noexcept;
  /// Drops what was written to the pages of `request`. Does nothing if `request` lies outside of `shared`.
  void forget(std::span<const std::byte> request) const noexcept;

 private:
  shm::Mapping memory_;
  std::span<const std::byte> shared_;
};

}  // namespace ringmaster::worker
