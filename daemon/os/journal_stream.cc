#include "daemon/os/journal_stream.h"

#include <sys/stat.h>

#include <charconv>
#include <cstring>

namespace ringmaster::daemon {

bool is_journal_stream(int fd, const char* variable) noexcept {
  struct stat status {};
  if (variable == nullptr || ::fstat(fd, &status) != 0) return false;
  const char* const end = variable + std::strlen(variable);
  unsigned long long device = 0;
  unsigned long long inode = 0;
  const auto [colon, first] = std::from_chars(variable, end, device);
  if (first != std::errc{} || colon == end || *colon != ':') return false;
  const auto [stop, second] = std::from_chars(colon + 1, end, inode);
  return second == std::errc{} && stop == end && device == status.st_dev && inode == status.st_ino;
}

}  // namespace ringmaster::daemon
