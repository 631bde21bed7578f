#include "daemon/os/private_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace ringmaster::daemon {
namespace {

constexpr int kDeepest = 8;   // folders below one another
constexpr int kRounds = 100;  // somebody may go on making files

// Calls found(name) for everything in the folder.
template <typename Found>
void each(int folder, Found&& found) {
  alignas(dirent64) char entries[4096];
  ::lseek(folder, 0, SEEK_SET);
  for (ssize_t size = 0; (size = ::getdents64(folder, entries, sizeof entries)) > 0;) {
    for (ssize_t at = 0; at < size;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) found(entry->d_name);
    }
  }
}

bool empty(int folder, dev_t device, int depth) noexcept;

bool remove_one(int folder, const char* name, dev_t device, int depth) noexcept {
  if (::unlinkat(folder, name, 0) == 0) return true;
  if ((errno != EISDIR && errno != EPERM) || depth == 0) return false;
  const UniqueFd inner(::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!inner || ::fstat(inner.get(), &status) != 0 || status.st_dev != device) return false;
  return empty(inner.get(), device, depth - 1) && ::unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

// Again as long as that helps: what is removed may change what a file system lists.
bool empty(int folder, dev_t device, int depth) noexcept {
  for (int round = 0; round < kRounds; ++round) {
    bool any = false;
    bool left = false;
    each(folder, [&](const char* name) { (remove_one(folder, name, device, depth) ? any : left) = true; });
    if (!any) return !left;
  }
  return false;
}

// The part of `file` behind `folder`, if it lies directly in it; else nullptr.
const char* name_in(const char* folder, const char* file) noexcept {
  const std::size_t size = std::strlen(folder);
  if (file == nullptr || std::strncmp(file, folder, size) != 0 || file[size] != '/') return nullptr;
  return std::strchr(file + size + 1, '/') == nullptr ? file + size + 1 : nullptr;
}

bool is_new(int folder, const char* known) noexcept {
  bool is = true;
  each(folder, [&](const char* name) {
    struct stat status {};
    if (known != nullptr && std::strcmp(name, known) == 0) return;
    is = is && ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode);
  });
  return is;
}

}  // namespace

const char* PrivateFolder::take(const char* path, const char* file) noexcept {
  if (*path != '/') return "is no absolute path";
  UniqueFd fd(::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return ::strerrordesc_np(errno);
  if (status.st_uid != ::geteuid()) return "is another user's";
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return "is open to other users: make it with mode 0700";
  if (!is_new(fd.get(), name_in(path, file)))
    return "is not new: it is removed with the daemon, so it may hold the configuration and sockets only";
  path_ = path;
  fd_ = std::move(fd);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return nullptr;
}

bool PrivateFolder::remove() noexcept {
  if (!fd_) return true;
  const bool emptied = empty(fd_.get(), device_, kDeepest);
  fd_.reset();
  struct stat status {};
  if (::lstat(path_, &status) != 0) return errno == ENOENT;
  if (status.st_dev != device_ || status.st_ino != inode_) return true;
  return ::rmdir(path_) == 0 && emptied;
}

}  // namespace ringmaster::daemon
