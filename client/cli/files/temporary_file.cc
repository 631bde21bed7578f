#include "client/cli/files/temporary_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <utility>

#include "client/cli/console/interrupt.h"

namespace ringmaster::cli {

std::string TemporaryFile::random_name(const std::string& folder) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof number)) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    number = static_cast<std::uint64_t>(now.tv_nsec) << 32 ^ static_cast<std::uint64_t>(now.tv_sec) << 16 ^
             static_cast<std::uint64_t>(::getpid());
  }
  char digits[24];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return folder + ".ringmaster-" + digits + ".tmp";
}

Result<TemporaryFile> TemporaryFile::create(const std::string& folder, mode_t mode) {
  constexpr int kTries = 100;
  for (int left = kTries;; --left) {
    std::string path = random_name(folder);
    // Registered before the file is created, so that a signal in between finds it; removing a missing file does no
    // harm.
    remove_when_ended(path);
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (fd) return TemporaryFile(std::move(fd), std::move(path));
    const int why = errno;
    remove_when_ended({});
    if (why != EEXIST || left <= 0) return errno_error("cannot create the file \"" + path + "\"", why);
  }
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}

TemporaryFile::~TemporaryFile() {
  if (path_.empty()) return;
  (void)::unlink(path_.c_str());
  remove_when_ended({});
}

Result<void> TemporaryFile::close() {
  if (::close(fd_.release()) != 0 && errno != EINTR) return errno_error("cannot write \"" + path_ + "\"", errno);
  return {};
}

void TemporaryFile::keep() noexcept {
  remove_when_ended({});
  path_.clear();
}

}  // namespace ringmaster::cli
