#include "shm/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <boost/interprocess/mapped_region.hpp>
#include <cerrno>
#include <string>

#include "shm/memfd.h"

namespace ringmaster::shm {
namespace {

// The interface that boost::interprocess::mapped_region needs of what it maps.
class SegmentHandle {
 public:
  explicit SegmentHandle(int fd) : fd_(fd) {}
  [[nodiscard]] boost::interprocess::mapping_handle_t get_mapping_handle() const {
    return boost::interprocess::ipcdetail::mapping_handle_from_file_handle(fd_);
  }

 private:
  int fd_;
};

boost::interprocess::mode_t mode_of(Access access) {
  switch (access) {
    case Access::ReadOnly:
      return boost::interprocess::read_only;
    case Access::ReadWrite:
      return boost::interprocess::read_write;
    case Access::Private:
      break;
  }
  return boost::interprocess::copy_on_write;
}

}  // namespace

Mapping::Mapping() = default;
Mapping::Mapping(Mapping&& other) noexcept
    : region_(std::move(other.region_)), bytes_(std::exchange(other.bytes_, std::span<std::byte>{})) {}
Mapping& Mapping::operator=(Mapping&& other) noexcept {
  region_ = std::move(other.region_);
  bytes_ = std::exchange(other.bytes_, std::span<std::byte>{});
  return *this;
}
Mapping::~Mapping() = default;

Result<Mapping> Mapping::map(int fd, Access access, std::uint64_t bytes) {
  const Result<std::uint64_t> size = checked_segment_size(fd);
  if (!size) return size.error();
  const std::uint64_t wanted = bytes == 0 ? *size : bytes;
  if (wanted == 0 || wanted > *size)
    return Error{"cannot map " + std::to_string(wanted) + " bytes of a segment of " + std::to_string(*size), EINVAL};
  return map_checked(fd, access, wanted);
}

Result<Mapping> Mapping::map_growing(int fd, std::uint64_t bytes) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return errno_error("cannot read the size of a memory file", errno);
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (bytes == 0 || bytes > static_cast<std::uint64_t>(facts.st_size) || seals < 0 || (seals & F_SEAL_SHRINK) == 0)
    return Error{"cannot map " + std::to_string(bytes) + " bytes: the memory file is shorter, or can be shortened",
                 EINVAL};
  return map_checked(fd, Access::ReadWrite, bytes);
}

Result<Mapping> Mapping::map_checked(int fd, Access access, std::uint64_t wanted) {
  // A private mapping is not charged for pages before they are written: most never are.
  const boost::interprocess::map_options_t options =
      access == Access::Private ? MAP_NORESERVE : boost::interprocess::default_map_options;
  Mapping mapping;
  try {
    mapping.region_ = std::make_unique<boost::interprocess::mapped_region>(SegmentHandle(fd), mode_of(access), 0,
                                                                           wanted, nullptr, options);
  } catch (const boost::interprocess::interprocess_exception& failure) {
    return errno_error("cannot map " + std::to_string(wanted) + " bytes of shared memory", failure.get_native_error());
  }
  auto* address = static_cast<std::byte*>(mapping.region_->get_address());
  mapping.bytes_ = {address, static_cast<std::size_t>(wanted)};
  // Errors are ignored: both calls only limit the cost of a crash or a fork.
  (void)::madvise(address, wanted, MADV_DONTDUMP);
  (void)::madvise(address, wanted, MADV_DONTFORK);
  return mapping;
}

}  // namespace ringmaster::shm
