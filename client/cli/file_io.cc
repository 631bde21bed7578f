#include "client/cli/file_io.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "client/cli/interrupt.h"

namespace ringmaster::cli {
namespace {

// A stream may say nothing for hours: looked at in slices, so that an interrupt that comes just before is not slept
// over.
Result<void> await_stream(const Input& input) {
  constexpr int kSliceMs = 100;
  pollfd look{input.fd.get(), POLLIN, 0};
  while (!interrupted()) {
    const int rc = ::poll(&look, 1, kSliceMs);
    if (rc > 0) return {};
    if (rc < 0 && errno != EINTR) return errno_error("cannot wait for \"" + input.name + "\"", errno);
  }
  return Error{"interrupted while reading \"" + input.name + "\"", EINTR};
}

// Some file systems report a failed write only here.
Result<void> close_written(UniqueFd fd, const std::string& name) {
  if (::close(fd.release()) != 0 && errno != EINTR) return errno_error("cannot write \"" + name + "\"", errno);
  return {};
}

// A device, a pipe, or what a dangling link names: written where it is.
Result<void> write_in_place(const std::string& path, std::span<const std::byte> bytes) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) fd.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!fd) return errno_error("cannot open \"" + path + "\" for writing", errno);
  if (auto written = write_all(fd.get(), bytes, path); !written) return written;
  return close_written(std::move(fd), path);
}

struct Place {
  std::string path;
  bool in_place = false;
};
// Where a replaced file really lies: a rename would put a file in place of a device, a pipe or a link.
Place find_place(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode)) return {path};
  if (!S_ISLNK(facts.st_mode)) return {path, true};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {path, true};
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? Place{real.get()} : Place{path, true};
}

}  // namespace

Result<Input> open_input(const std::string& path) {
  Input input;
  const bool standard = path == "-";
  input.name = standard ? "standard input" : path;
  input.fd =
      UniqueFd(standard ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input.fd) return errno_error("cannot open \"" + input.name + "\"", errno);
  struct stat facts {};
  if (::fstat(input.fd.get(), &facts) != 0) return errno_error("cannot look at \"" + input.name + "\"", errno);
  if (S_ISDIR(facts.st_mode)) return Error{"\"" + input.name + "\" is a folder; name the files in it", EISDIR};
  // A file that was partly read before it became our standard input has less than its size left.
  const bool fresh = !standard || ::lseek(input.fd.get(), 0, SEEK_CUR) == 0;
  input.sized = S_ISREG(facts.st_mode) && facts.st_size > 0 && fresh;
  input.bytes = input.sized ? static_cast<std::uint64_t>(facts.st_size) : 0;
  return input;
}

Result<std::size_t> read_into(const Input& input, std::span<std::byte> place) {
  std::size_t done = 0;
  while (done < place.size()) {
    if (!input.sized) {
      if (const auto ready = await_stream(input); !ready) return ready.error();
    }
    const ssize_t rc = ::read(input.fd.get(), place.data() + done, place.size() - done);
    if (rc == 0) break;
    if (rc < 0 && errno == EINTR) continue;
    if (rc < 0) return errno_error("cannot read \"" + input.name + "\"", errno);
    done += static_cast<std::size_t>(rc);
  }
  return done;
}

Result<std::string> read_all(const Input& input) {
  std::string text;
  std::array<std::byte, 65536> piece;
  for (;;) {
    const auto size = read_into(input, piece);
    if (!size) return size.error();
    text.append(reinterpret_cast<const char*>(piece.data()), *size);
    if (*size < piece.size()) return {boost::system::in_place_value, std::move(text)};
  }
}

Result<void> write_all(int fd, std::span<const std::byte> bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t rc = ::write(fd, bytes.data(), bytes.size());
    if (rc < 0 && errno == EINTR && !interrupted()) continue;
    if (rc < 0) return errno_error("cannot write \"" + name + "\"", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(rc));
  }
  return {};
}

Result<void> write_file(const std::string& named, std::span<const std::byte> bytes, Existing existing) {
  const Place place = existing == Existing::Replace ? find_place(named) : Place{named};
  if (place.in_place) return write_in_place(place.path, bytes);
  const std::string& path = place.path;
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string temporary =
      folder + ".ringmaster-" + std::to_string(::getpid()) + "-" + path.substr(folder.size()).substr(0, 200) + ".tmp";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) return errno_error("cannot create \"" + temporary + "\"", errno);
  Result<void> written = write_all(fd.get(), bytes, temporary);
  if (written) written = close_written(std::move(fd), temporary);
  if (written) {
    // RENAME_NOREPLACE makes the check and the step one. Where the file system lacks it, link() does.
    int rc = existing == Existing::Replace
                 ? ::rename(temporary.c_str(), path.c_str())
                 : ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
    if (rc != 0 && existing == Existing::Keep && errno == EINVAL) {
      rc = ::link(temporary.c_str(), path.c_str());
      if (rc == 0) (void)::unlink(temporary.c_str());
    }
    if (rc == 0) return {};
    written = errno == EEXIST ? Error{"\"" + path + "\" exists already; remove it, or use --force", EEXIST}
                              : errno_error("cannot rename \"" + temporary + "\" to \"" + path + "\"", errno);
  }
  (void)::unlink(temporary.c_str());
  return written;
}

}  // namespace ringmaster::cli
