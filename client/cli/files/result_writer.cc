#include "client/cli/files/result_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "client/cli/console/interrupt.h"
#include "client/cli/files/result_place.h"

namespace ringmaster::cli {
namespace {

constexpr mode_t kNewFile = 0666;  // less the umask
constexpr mode_t kPrivate = 0600;

Error exists_already(const std::string& path) {
  return Error{"\"" + path + "\" exists already; remove it, or use --force", EEXIST};
}

Error cannot_name(const std::string& temporary, const std::string& path, int why) {
  return why == EEXIST ? exists_already(path)
                       : errno_error("cannot rename \"" + temporary + "\" to \"" + path + "\"", why);
}

Result<void> close_written(UniqueFd fd, const std::string& name) {
  if (::close(fd.release()) != 0 && errno != EINTR) return errno_error("cannot write \"" + name + "\"", errno);
  return {};
}

// Waits in slices for a FIFO's reader (ENXIO: none yet): a blocking open() would miss an interrupt that came just
// before.
Result<UniqueFd> open_in_place(const std::string& path) {
  for (;;) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (fd) return fd;
    const int why = errno;
    struct stat facts {};
    const bool no_reader = why == ENXIO && ::stat(path.c_str(), &facts) == 0 && S_ISFIFO(facts.st_mode);
    if (!no_reader) return errno_error("cannot open \"" + path + "\" for writing", why);
    if (interrupted()) return Error{"interrupted while waiting for a reader of \"" + path + "\"", EINTR};
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<void> write_in_place(const std::string& path, std::span<const std::byte> bytes) {
  auto fd = open_in_place(path);
  if (!fd) return fd.error();
  if (auto written = write_all(fd->get(), bytes, path); !written) return written;
  return close_written(std::move(*fd), path);
}

// For file systems without rename. Removes a new file again if it could not be written completely.
Result<void> write_directly(const ResultPlace& place, std::span<const std::byte> bytes, Existing existing) {
  const bool fresh = existing == Existing::Keep || !place.there;
  const int flags = O_WRONLY | O_CLOEXEC | O_CREAT | (fresh ? O_EXCL : O_TRUNC);
  UniqueFd fd(::open(place.path.c_str(), flags, kNewFile));
  if (!fd)
    return errno == EEXIST ? exists_already(place.path) : errno_error("cannot write \"" + place.path + "\"", errno);
  Result<void> written = write_all(fd.get(), bytes, place.path);
  if (written) written = close_written(std::move(fd), place.path);
  if (!written && fresh) (void)::unlink(place.path.c_str());
  return written;
}

// Creates an empty file with the name, which the rename then replaces: so no other program can take the name meanwhile.
Result<void> claim_and_rename(const std::string& temporary, const std::string& path) {
  UniqueFd claim(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate));
  if (!claim) return cannot_name(temporary, path, errno);
  claim.reset();
  struct stat facts {};
  const bool still_ours = ::lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size == 0;
  if (!still_ours) return exists_already(path);
  if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const int why = errno;
  (void)::unlink(path.c_str());
  return cannot_name(temporary, path, why);
}

Result<void> give_name(TemporaryFile& file, const std::string& path, Existing existing, Naming naming) {
  const std::string& temporary = file.path();
  int rc = 0;
  if (existing == Existing::Replace) {
    rc = ::rename(temporary.c_str(), path.c_str());
  } else if (naming == Naming::RenameNoReplace) {
    rc = ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
  } else if (naming == Naming::Link) {
    rc = ::link(temporary.c_str(), path.c_str());
    if (rc == 0) (void)::unlink(temporary.c_str());
  } else if (auto claimed = claim_and_rename(temporary, path); !claimed) {
    return claimed;
  }
  if (rc != 0) return cannot_name(temporary, path, errno);
  file.keep();
  return {};
}

}  // namespace

Result<Naming> try_folder(const std::string& folder) {
  const std::string shown = folder.empty() ? "." : folder;
  struct stat facts {};
  if (::stat(shown.c_str(), &facts) != 0) {
    if (errno == ENOENT) return Error{"the folder \"" + shown + "\" does not exist; make it first", ENOENT};
    return errno_error("cannot look at the folder \"" + shown + "\"", errno);
  }
  if (!S_ISDIR(facts.st_mode)) return Error{"\"" + shown + "\" is not a folder", ENOTDIR};
  auto file = TemporaryFile::create(folder, kPrivate);
  const auto no_file = [&](const Error& why) {
    return Error{"the folder \"" + shown + "\" takes no files: " + why.message + "; choose another", why.code};
  };
  if (!file) return no_file(file.error());
  const std::byte one{0};  // a byte must be written: a full disk may still create files
  if (const auto written = write_all(file->fd(), {&one, 1}, file->path()); !written) return no_file(written.error());
  if (const auto closed = file->close(); !closed) return no_file(closed.error());
  const std::string first = file->path();
  const std::string second = TemporaryFile::random_name(folder);
  const auto done = [&](Naming naming) -> Result<Naming> {
    (void)::unlink(second.c_str());
    return naming;
  };
  if (::renameat2(AT_FDCWD, first.c_str(), AT_FDCWD, second.c_str(), RENAME_NOREPLACE) == 0)
    return done(Naming::RenameNoReplace);
  if (::link(first.c_str(), second.c_str()) == 0) return done(Naming::Link);
  if (::rename(first.c_str(), second.c_str()) == 0) return done(Naming::Claim);
  return Naming::InPlace;
}

Result<Naming> ResultWriter::naming_of(const std::string& folder) {
  if (const auto known = namings_.find(folder); known != namings_.end()) return known->second;
  auto found = try_folder(folder);
  if (found) namings_.emplace(folder, *found);
  return found;
}

Result<void> ResultWriter::check_folder(const std::string& folder) {
  const auto naming = naming_of(folder.empty() || folder.ends_with('/') ? folder : folder + "/");
  if (!naming) return naming.error();
  return {};
}

Result<void> ResultWriter::check(const std::string& path, Existing existing) {
  const auto place = find_place(path, existing);
  if (!place) return place.error();
  if (place->in_place) return {};
  const auto naming = naming_of(place->folder);
  if (!naming) return naming.error();
  return {};
}

Result<void> ResultWriter::write(const std::string& named, std::span<const std::byte> bytes, Existing existing) {
  const auto place = find_place(named, existing);
  if (!place) return place.error();
  if (place->descriptor >= 0) return write_all(place->descriptor, bytes, named);
  if (place->in_place) return write_in_place(place->path, bytes);
  const auto naming = naming_of(place->folder);
  if (!naming) return naming.error();
  if (*naming == Naming::InPlace) return write_directly(*place, bytes, existing);
  auto file = TemporaryFile::create(place->folder, place->there ? kPrivate : kNewFile);
  if (!file) return file.error();
  if (place->there) {
    if (auto taken = take_over_permissions(file->fd(), *place); !taken) return taken;
  }
  if (auto written = write_all(file->fd(), bytes, place->path); !written) return written;
  if (auto closed = file->close(); !closed) return closed;
  auto named_so = give_name(*file, place->path, existing, *naming);
  // A single file that is mounted into a container can be written, but not replaced by a rename.
  if (!named_so && named_so.error().code == EBUSY && place->there) return write_directly(*place, bytes, existing);
  return named_so;
}

bool ResultWriter::ends_all(const Error& failure, const std::string& folder) {
  switch (failure.code) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO:
      return true;
    case EEXIST:
    case ENAMETOOLONG:
    case EFBIG:
    case EISDIR:
      return false;
    default:
      return !try_folder(folder.empty() || folder.ends_with('/') ? folder : folder + "/");
  }
}

}  // namespace ringmaster::cli
