#include "client/cli/files/result_place.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace ringmaster::cli {
namespace {

constexpr const char* kAccessList = "system.posix_acl_access";

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

Error cannot_write(const std::string& path, int why) { return errno_error("cannot write \"" + path + "\"", why); }

// Follows a link whose target does not exist yet: returns where the file will be.
Result<std::string> end_of_link(std::string path) {
  constexpr int kMostLinks = 40;  // the kernel's limit
  for (int left = kMostLinks; left > 0; --left) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) {
      if (errno == ENOENT) return {boost::system::in_place_value, std::move(path)};
      return cannot_write(path, errno);
    }
    if (!S_ISLNK(facts.st_mode)) return {boost::system::in_place_value, std::move(path)};
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size < 0) return cannot_write(path, errno);
    const std::string named(target.data(), static_cast<std::size_t>(size));
    path = named.starts_with('/') ? named : folder_of(path) + named;
  }
  return cannot_write(path, ELOOP);
}

Result<void> check_kind(const std::string& path, mode_t mode) {
  if (S_ISDIR(mode)) return Error{"\"" + path + "\" is a folder; name a file in it", EISDIR};
  if (S_ISSOCK(mode)) return Error{"\"" + path + "\" is a socket, which takes no file; choose another name", ENXIO};
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0) return {};
  char octal[16];
  std::snprintf(octal, sizeof octal, "%04o", static_cast<unsigned>(mode & 07777U));
  return Error{cannot_write(path, errno).message + " (mode " + octal + "); choose another name, or remove it", errno};
}

// In a sticky folder (/tmp) only its owner may replace a file.
Result<void> check_sticky(const ResultPlace& place) {
  struct stat folder {};
  const char* const name = place.folder.empty() ? "." : place.folder.c_str();
  if (::stat(name, &folder) != 0 || (folder.st_mode & S_ISVTX) == 0) return {};
  const uid_t self = ::geteuid();
  if (self == 0 || self == folder.st_uid || self == place.facts.st_uid) return {};
  return Error{"\"" + place.path + "\" is another user's, in a folder where it cannot be replaced; choose another name",
               EPERM};
}

// Follows links like the shell's >; the kernel may forbid that in a folder like /tmp.
Result<ResultPlace> follow(const std::string& named) {
  ResultPlace place{.path = named, .folder = folder_of(named)};
  if (::stat(named.c_str(), &place.facts) != 0) {
    if (errno != ENOENT) return cannot_write(named, errno);
    auto end = end_of_link(named);
    if (!end) return end.error();
    place.path = std::move(*end);
    place.folder = folder_of(place.path);
    return place;
  }
  if (const auto fits = check_kind(named, place.facts.st_mode); !fits) return fits.error();
  place.in_place = !S_ISREG(place.facts.st_mode);
  if (place.in_place) return place;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(named.c_str(), nullptr), &std::free);
  struct stat again {};
  const bool found = real && ::stat(real.get(), &again) == 0 && again.st_dev == place.facts.st_dev &&
                     again.st_ino == place.facts.st_ino;
  if (!found) {  // a name under /proc/self/fd whose file is deleted
    place.in_place = true;
    return place;
  }
  place.path = real.get();
  place.folder = folder_of(place.path);
  place.there = true;
  if (const auto fits = check_sticky(place); !fits) return fits.error();
  return place;
}

// With an access list the mode's group bits are only its upper limit. Copies the list; if that fails, the mode must
// give nobody access that the list did not give.
bool copy_access_list(int fd, const ResultPlace& place) {
  std::array<char, 4096> list;
  const ssize_t size = ::getxattr(place.path.c_str(), kAccessList, list.data(), list.size());
  if (size > 0) return ::fsetxattr(fd, kAccessList, list.data(), static_cast<std::size_t>(size), 0) == 0;
  if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP && errno != ENOSYS) return false;
  // The old file had no access list: removes the one that the folder gives to new files.
  (void)::fremovexattr(fd, kAccessList);
  return true;
}

}  // namespace

std::optional<int> descriptor_named(const std::string& named) {
  if (named == "/dev/stdout") return STDOUT_FILENO;
  if (named == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!named.starts_with(folder)) continue;
    int number = -1;
    const char* const end = named.data() + named.size();
    const auto [read_to, status] = std::from_chars(named.data() + folder.size(), end, number);
    if (status == std::errc{} && read_to == end && number >= 0) return number;
  }
  return std::nullopt;
}

Result<ResultPlace> find_place(const std::string& named, Existing existing) {
  ResultPlace place{.path = named, .folder = folder_of(named)};
  if (named.empty()) return Error{"the name of the file for the result is empty", ENOENT};
  if (named.ends_with('/')) return Error{"\"" + named + "\" is a folder's name; name a file in it", EISDIR};
  if (existing == Existing::Keep) return place;
  if (const auto descriptor = descriptor_named(named)) {
    const int flags = ::fcntl(*descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return Error{"\"" + named + "\" is not open for writing", EBADF};
    place.descriptor = *descriptor;
    place.in_place = true;
    return place;
  }
  if (::lstat(named.c_str(), &place.facts) != 0) {
    // A missing folder is reported when the folder is tried out.
    if (errno != ENOENT && errno != ENOTDIR) return cannot_write(named, errno);
    return place;
  }
  if (S_ISLNK(place.facts.st_mode)) return follow(named);
  if (const auto fits = check_kind(named, place.facts.st_mode); !fits) return fits.error();
  place.there = S_ISREG(place.facts.st_mode);
  place.in_place = !place.there;
  if (!place.there) return place;
  if (const auto fits = check_sticky(place); !fits) return fits.error();
  return place;
}

Result<void> take_over_permissions(int fd, const ResultPlace& place) {
  struct stat now {};
  if (::fstat(fd, &now) != 0) return cannot_write(place.path, errno);
  const struct stat& old = place.facts;
  if (now.st_uid != old.st_uid) (void)!::fchown(fd, old.st_uid, static_cast<gid_t>(-1));
  const bool group_kept = now.st_gid == old.st_gid || ::fchown(fd, static_cast<uid_t>(-1), old.st_gid) == 0;
  const bool list_kept = copy_access_list(fd, place);
  mode_t mode = old.st_mode & (S_ISVTX | S_IRWXU | S_IRWXG | S_IRWXO);
  if (!group_kept || !list_kept) mode &= ~static_cast<mode_t>(S_IRWXG) | (mode & S_IRWXO) << 3;
  if (::fchmod(fd, mode) == 0) return {};
  const int why = errno;
  // A file system without permissions refuses. That is fine as long as nobody gets access who had none before.
  if (::fstat(fd, &now) == 0 && (now.st_mode & (S_IRWXG | S_IRWXO) & ~mode) == 0) return {};
  return errno_error("cannot keep the permissions of \"" + place.path + "\"", why);
}

}  // namespace ringmaster::cli
