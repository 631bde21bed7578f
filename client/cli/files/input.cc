#include "client/cli/files/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include "client/cli/console/interrupt.h"

namespace ringmaster::cli {
namespace {

// Waits for a stream in slices: an interrupt that comes just before poll() would not end a long one.
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

// O_NONBLOCK: otherwise open() would wait for a FIFO's writer, and miss an interrupt that came just before.
UniqueFd open_for_reading(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
  UniqueFd fd(::open(path.c_str(), kFlags | O_NONBLOCK));
  if (!fd && errno == EAGAIN) fd.reset(::open(path.c_str(), kFlags));  // another process has a lease on the file
  return fd;
}

}  // namespace

Result<Input> open_input(const std::string& path) {
  Input input;
  const bool standard = path == "-";
  input.name = standard ? "standard input" : path;
  input.fd = standard ? UniqueFd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) : open_for_reading(path);
  if (!input.fd) return errno_error("cannot open \"" + input.name + "\"", errno);
  struct stat facts {};
  if (::fstat(input.fd.get(), &facts) != 0) return errno_error("cannot look at \"" + input.name + "\"", errno);
  if (S_ISDIR(facts.st_mode)) return Error{"\"" + input.name + "\" is a folder; name the files in it", EISDIR};
  // Standard input may be a file that another program has partly read: then less than its size is left.
  const bool fresh = !standard || ::lseek(input.fd.get(), 0, SEEK_CUR) == 0;
  input.regular = S_ISREG(facts.st_mode);
  input.sized = input.regular && facts.st_size > 0 && fresh;
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
    if (rc < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (rc < 0) return errno_error("cannot read \"" + input.name + "\"", errno);
    done += static_cast<std::size_t>(rc);
  }
  return done;
}

Result<std::string> read_all(const Input& input, std::uint64_t limit) try {
  std::string text;
  std::array<std::byte, 65536> piece;
  for (;;) {
    // Reads one byte more than allowed, to tell an input that just fits from a larger one.
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), limit - text.size() + 1));
    const auto size = read_into(input, std::span(piece).first(room));
    if (!size) return size.error();
    if (*size > limit - text.size())
      return Error{"\"" + input.name + "\" has more than " + std::to_string(limit) + " bytes", EFBIG};
    text.append(reinterpret_cast<const char*>(piece.data()), *size);
    if (*size < room) return {boost::system::in_place_value, std::move(text)};
  }
} catch (const std::bad_alloc&) {
  return errno_error("cannot read \"" + input.name + "\" into memory", ENOMEM);
}

}  // namespace ringmaster::cli
