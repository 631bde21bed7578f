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
  Private  ///< Writable copy-on-write: nobody else sees what is written.
};

/// A mapped part of a segment; unmapped on destruction. Move-only. The descriptor may be closed after mapping.
/// The pages are not in core dumps and not in forked children, which must not write into a session.
class Mapping {
 public:
  Mapping();
  Mapping(Mapping&&) noexcept;
  Mapping& operator=(Mapping&&) noexcept;
  ~Mapping();

  /// Maps [0, bytes) of `fd`; bytes = 0: the whole file. Checks the seals, and that the file is long enough.
  [[nodiscard]] static Result<Mapping> map(int fd, Access access, std::uint64_t bytes = 0);

  /// Maps [0, bytes) of a file that may still grow, and that no peer can shorten (shm/spilled_file.h), for writing.
  [[nodiscard]] static Result<Mapping> map_growing(int fd, std::uint64_t bytes);

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
  explicit operator bool() const noexcept { return region_ != nullptr; }

 private:
  [[nodiscard]] static Result<Mapping> map_checked(int fd, Access access, std::uint64_t bytes);

  std::unique_ptr<boost::interprocess::mapped_region> region_;
  std::span<std::byte> bytes_;
};

}  // namespace ringmaster::shm
