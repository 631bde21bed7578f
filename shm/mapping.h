#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"

namespace boost::interprocess {
class mapped_region;
}

namespace ringmaster::shm {

enum class Access {
  ReadOnly,
  ReadWrite,
  Private  ///< To be written, and what is written is seen by nobody else (copy-on-write).
};

/// One mapped window on a segment; unmaps on destruction. Move-only. The descriptor may be closed after mapping.
/// Pages are kept out of core dumps and of forked children (a forked child must not write into a session).
class Mapping {
 public:
  Mapping();
  Mapping(Mapping&&) noexcept;
  Mapping& operator=(Mapping&&) noexcept;
  ~Mapping();

  /// Maps [0, bytes) of `fd`. Checks seals and that the file is at least that long; bytes = 0: all of it.
  [[nodiscard]] static Result<Mapping> map(int fd, Access access, std::uint64_t bytes = 0);

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
  explicit operator bool() const noexcept { return region_ != nullptr; }

 private:
  std::unique_ptr<boost::interprocess::mapped_region> region_;
  std::span<std::byte> bytes_;
};

}  // namespace ringmaster::shm
