#include "proto/socket_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace ringmaster::wire {
namespace {

constexpr std::string_view kSystemFolder = "/run/ringmaster";
constexpr const char* kSocketName = "/ringmaster.sock";
constexpr const char* kOptionOrigin = "--socket";
constexpr const char* kDefaultOrigin = "default";
constexpr std::size_t kMaxLength = sizeof(sockaddr_un::sun_path) - 1;

std::optional<std::string> variable(const char* name) {
  const char* value = ::secure_getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string{value};
}

std::string run_user_folder(uid_t euid) { return "/run/user/" + std::to_string(euid); }

/// True if $RUNTIME_DIRECTORY names the system's folder. For a user's service it names one under $XDG_RUNTIME_DIR.
bool names_system_folder(std::string_view list) {
  while (!list.empty()) {
    const auto colon = list.find(':');
    if (list.substr(0, colon) == kSystemFolder) return true;
    if (colon == std::string_view::npos) break;
    list.remove_prefix(colon + 1);
  }
  return false;
}

/// A Result that holds this path. Result's constructor would not know whether a string is a value or an Error's
/// message.
Result<std::string> found(std::string path) { return {boost::system::in_place_value, std::move(path)}; }

Result<std::string> checked(std::string path, const std::string& origin) {
  if (const auto fits = check_socket_path(path); !fits) return Error{origin + ": " + fits.error().message};
  return found(std::move(path));
}

/// The socket that --socket names, or else $RINGMASTER_SOCKET, with its origin; nullopt: neither is given.
std::optional<std::pair<std::string, std::string>> named(const std::string& option,
                                                         const SocketEnvironment& environment) {
  if (!option.empty()) return std::pair{option, std::string{kOptionOrigin}};
  if (environment.ringmaster_socket && !environment.ringmaster_socket->empty()) {
    return std::pair{*environment.ringmaster_socket, std::string{"$RINGMASTER_SOCKET"}};
  }
  return std::nullopt;
}

}  // namespace

SocketEnvironment this_socket_environment() {
  SocketEnvironment environment;
  environment.euid = ::geteuid();
  environment.runtime_directory = variable("RUNTIME_DIRECTORY");
  environment.xdg_runtime_dir = variable("XDG_RUNTIME_DIR");
  environment.ringmaster_socket = variable("RINGMASTER_SOCKET");
  struct stat folder {};
  environment.run_user = ::lstat(run_user_folder(environment.euid).c_str(), &folder) == 0 && S_ISDIR(folder.st_mode) &&
                         folder.st_uid == environment.euid;
  return environment;
}

Result<std::string> default_socket_path(const SocketEnvironment& environment) {
  if (environment.euid == 0) return found(kSystemSocket);
  if (environment.runtime_directory && names_system_folder(*environment.runtime_directory)) {
    return found(kSystemSocket);
  }
  if (environment.xdg_runtime_dir && !environment.xdg_runtime_dir->empty()) {
    return checked(*environment.xdg_runtime_dir + kSocketName, "$XDG_RUNTIME_DIR");
  }
  const std::string folder =
      environment.run_user ? run_user_folder(environment.euid) : private_socket_folder(environment.euid);
  return found(folder + kSocketName);
}

Result<std::string> daemon_socket_path(const std::string& option, const std::string& configured,
                                       const SocketEnvironment& environment) {
  if (auto name = named(option, environment)) return checked(std::move(name->first), name->second);
  return configured.empty() ? default_socket_path(environment) : checked(configured, "daemon.socket");
}

Result<SocketPlace> client_socket_place(const std::string& option, const SocketEnvironment& environment,
                                        bool (*exists)(const std::string& path)) {
  if (auto name = named(option, environment)) {
    // A program that gives its own has no option of that name.
    if (name->second == kOptionOrigin) {
      if (const auto fits = check_socket_path(name->first); !fits) return fits.error();
    }
    auto path = checked(std::move(name->first), name->second);
    if (!path) return path.error();
    return SocketPlace{std::move(*path), std::move(name->second), {}};
  }
  auto path = default_socket_path(environment);
  if (path && (*path == kSystemSocket || exists(*path))) return SocketPlace{std::move(*path), kDefaultOrigin, {}};
  if (exists(kSystemSocket)) return SocketPlace{kSystemSocket, kDefaultOrigin, path ? std::move(*path) : std::string{}};
  if (!path) return path.error();
  return SocketPlace{std::move(*path), kDefaultOrigin, kSystemSocket};
}

std::string places_tried(const SocketPlace& place) {
  if (place.origin == kOptionOrigin) return {};
  if (place.origin != kDefaultOrigin) return "tried " + place.origin;
  if (place.instead.empty()) return "tried the default place " + place.path;
  // The user's own socket is tried before the system's.
  const bool system_last = place.instead == kSystemSocket;
  return "tried the default places " + (system_last ? place.path : place.instead) + " and " +
         (system_last ? place.instead : place.path);
}

bool path_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<void> check_socket_path(const std::string& path) {
  if (path.empty() || path.front() != '/') {
    return Error{"socket path \"" + path + "\": not absolute; start it with /"};
  }
  if (path.size() > kMaxLength) {
    return Error{"socket path \"" + path + "\": " + std::to_string(path.size()) + " bytes, the kernel takes at most " +
                 std::to_string(kMaxLength) + "; choose a shorter one"};
  }
  return {};
}

std::string private_socket_folder(uid_t euid) { return "/tmp/ringmaster-" + std::to_string(euid); }

Result<void> check_private_folder(const std::string& path, uid_t euid, MissingFolder missing) {
  const std::string folder = private_socket_folder(euid);
  if (path != folder + kSocketName) return {};
  if (missing == MissingFolder::Make && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return errno_error("cannot make the folder \"" + folder + "\" for the socket; set $XDG_RUNTIME_DIR, or name a " +
                           "socket with --socket or $RINGMASTER_SOCKET",
                       errno);
  }
  struct stat is {};
  if (::lstat(folder.c_str(), &is) != 0) return {};
  std::string problem;
  if (!S_ISDIR(is.st_mode)) {
    problem = "is not a folder";
  } else if (is.st_uid != euid) {
    problem = "belongs to uid " + std::to_string(is.st_uid) + ", not to uid " + std::to_string(euid);
  } else if ((is.st_mode & 022) != 0) {
    problem = "may be written by others";
  }
  if (problem.empty()) return {};
  return Error{"\"" + folder + "\" " + problem +
               ": not to be trusted with a socket; remove it, set $XDG_RUNTIME_DIR, " +
               "or name another socket, as $RINGMASTER_SOCKET does"};
}

std::string alive_mark_path(const std::string& socket) { return socket + ".alive"; }

bool would_start_service(const std::string& socket) {
  const int mark = ::open(alive_mark_path(socket).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (mark < 0) return errno == ENXIO;  // a FIFO that nobody reads
  ::close(mark);
  return false;
}

}  // namespace ringmaster::wire
