#include "shm/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace ringmaster::shm {
namespace {

Result<UniqueFd> create(const std::string& name, std::uint64_t bytes, int seals) {
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return errno_error("cannot create the shared-memory segment \"" + name + "\"", errno);
  const std::uint64_t page = 4096;
  const std::uint64_t size = (bytes + page - 1) / page * page;
  if (::fchmod(fd.get(), 0600) != 0) return errno_error("cannot set the mode of segment \"" + name + "\"", errno);
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    return errno_error("cannot size segment \"" + name + "\" to " + std::to_string(size) + " bytes", errno);
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return errno_error("cannot seal segment \"" + name + "\"", errno);
  return fd;
}

}  // namespace

Result<UniqueFd> create_segment(const std::string& name, std::uint64_t bytes) {
  return create(name, bytes, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

Result<UniqueFd> create_request_segment(const std::string& name, std::uint64_t bytes) {
  return create(name, bytes, F_SEAL_SHRINK | F_SEAL_GROW);
}

Result<void> seal_future_writes(int fd) {
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
    return errno_error("cannot seal the request segment against writers", errno);
  if ((::fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE) != 0)
    return Error{"the request segment is sealed against its own client's writing", EINVAL};
  return {};
}

Result<std::uint64_t> checked_segment_size(int fd) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return errno_error("the descriptor is not a sealed shared-memory segment", errno);
  if ((seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
    return Error{"the shared-memory segment is not sealed against shrinking and growing", EINVAL};
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return errno_error("cannot read the size of a shared-memory segment", errno);
  return static_cast<std::uint64_t>(facts.st_size);
}

Result<UniqueFd> reopen_read_only(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  UniqueFd copy(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!copy) return errno_error("cannot reopen a segment read-only through " + path + " (is /proc mounted?)", errno);
  return copy;
}

Result<UniqueFd> reopen(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  UniqueFd copy(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!copy) return errno_error("cannot reopen a segment through " + path + " (is /proc mounted?)", errno);
  return copy;
}

// The kernel grants a lease for writing only on a file that nobody else has open.
OpenElsewhere open_elsewhere(int fd) noexcept {
  const auto own = reopen_read_only(fd);
  if (!own) return OpenElsewhere::Unknown;
  if (::fcntl(own->get(), F_SETLEASE, F_WRLCK) == 0) return OpenElsewhere::No;  // a lease ends with the descriptor
  return errno == EAGAIN ? OpenElsewhere::Yes : OpenElsewhere::Unknown;
}

std::uint64_t allocated_bytes(int fd) noexcept {
  constexpr std::uint64_t kBlock = 512;  // the unit of st_blocks; st_blksize is something else
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * kBlock : 0;
}

namespace {

int allocate(int fd, int mode, std::uint64_t offset, std::uint64_t bytes) noexcept {
  int rc = 0;
  do {
    rc = ::fallocate(fd, mode, static_cast<off_t>(offset), static_cast<off_t>(bytes));
  } while (rc != 0 && errno == EINTR);
  return rc;
}

}  // namespace

Result<void> reserve_pages(int fd, std::uint64_t offset, std::uint64_t bytes) {
  if (allocate(fd, 0, offset, bytes) != 0)
    return errno_error("cannot reserve " + std::to_string(bytes) + " bytes of shared memory", errno);
  return {};
}

Result<void> drop_pages(int fd, std::uint64_t offset, std::uint64_t bytes) {
  if (allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes) != 0)
    return errno_error("cannot give back " + std::to_string(bytes) + " bytes of shared memory", errno);
  return {};
}

}  // namespace ringmaster::shm
