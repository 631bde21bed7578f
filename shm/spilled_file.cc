#include "shm/spilled_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "shm/memfd.h"

namespace ringmaster::shm {
namespace {

constexpr int kSealed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

}  // namespace

Result<UniqueFd> create_spilled(const std::string& name) {
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return errno_error("cannot create the memory file \"" + name + "\"", errno);
  if (::fchmod(fd.get(), 0600) != 0) return errno_error("cannot set the mode of \"" + name + "\"", errno);
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0) return errno_error("cannot seal \"" + name + "\"", errno);
  return fd;
}

Result<void> lengthen_spilled(int fd, std::uint64_t bytes) {
  struct stat facts {};
  if (::fstat(fd, &facts) == 0 && static_cast<std::uint64_t>(facts.st_size) >= bytes) return {};
  if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0)
    return errno_error("cannot make a result's memory file " + std::to_string(bytes) + " bytes long", errno);
  return {};
}

Result<void> seal_spilled(int fd) {
  if (::fcntl(fd, F_ADD_SEALS, kSealed | F_SEAL_SEAL) != 0)
    return errno_error("cannot seal a result's memory file", errno);
  return {};
}

bool is_sealed_spilled(int fd, std::uint64_t bytes) noexcept {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSealed) != kSealed) return false;
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && static_cast<std::uint64_t>(facts.st_size) >= bytes;
}

bool is_open_elsewhere(int fd) noexcept { return open_elsewhere(fd) == OpenElsewhere::Yes; }

}  // namespace ringmaster::shm
