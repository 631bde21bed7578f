#include "daemon/os/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

namespace ringmaster::daemon {

bool FileWatch::open() noexcept {
  fd_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  return fd_.valid();
}

// An open socket keeps its inode when its last name is removed: only the link count changes, which is IN_ATTRIB.
bool FileWatch::add_file(const char* path) noexcept {
  return ::inotify_add_watch(fd_.get(), path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW) >= 0 ||
         errno == ENOENT;
}

bool FileWatch::add_folder(const char* path) noexcept {
  return ::inotify_add_watch(fd_.get(), path, IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) >= 0 || errno == ENOENT;
}

void FileWatch::drain() noexcept {
  alignas(inotify_event) char events[4096];
  while (::read(fd_.get(), events, sizeof events) > 0) {
  }
}

}  // namespace ringmaster::daemon
