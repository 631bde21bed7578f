#include "proto/socket_path.h"

#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <utility>

namespace ringmaster {
namespace {

constexpr std::string_view kSystemFolder = "/run/ringmaster";
constexpr std::size_t kMaxLength = sizeof(sockaddr_un::sun_path) - 1;

std::optional<std::string> variable(const char* name) {
  const char* value = ::secure_getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string{value};
}

/// $RUNTIME_DIRECTORY of a user's service lies under $XDG_RUNTIME_DIR; only the system's folder counts.
bool names_system_folder(std::string_view list) {
  while (!list.empty()) {
    const auto colon = list.find(':');
    if (list.substr(0, colon) == kSystemFolder) return true;
    if (colon == std::string_view::npos) break;
    list.remove_prefix(colon + 1);
  }
  return false;
}

/// A string could also be taken for an Error's message: say which it is.
Result<std::string> found(std::string path) { return {boost::system::in_place_value, std::move(path)}; }

Result<std::string> checked(std::string path) {
  if (const auto fits = check_socket_path(path); !fits) return fits.error();
  return found(std::move(path));
}

}  // namespace

SocketEnvironment this_socket_environment() {
  SocketEnvironment environment;
  environment.euid = ::geteuid();
  environment.runtime_directory = variable("RUNTIME_DIRECTORY");
  environment.xdg_runtime_dir = variable("XDG_RUNTIME_DIR");
  environment.ringmaster_socket = variable("RINGMASTER_SOCKET");
  return environment;
}

Result<std::string> default_socket_path(const SocketEnvironment& environment) {
  if (environment.euid == 0) return found(kSystemSocket);
  if (environment.runtime_directory && names_system_folder(*environment.runtime_directory)) {
    return found(kSystemSocket);
  }
  if (environment.xdg_runtime_dir && !environment.xdg_runtime_dir->empty()) {
    return checked(*environment.xdg_runtime_dir + "/ringmaster.sock");
  }
  return Error{"no default socket for uid " + std::to_string(environment.euid) +
               ": $XDG_RUNTIME_DIR is not set; set it, or name a socket with --socket PATH"};
}

Result<std::string> daemon_socket_path(const std::string& chosen, const SocketEnvironment& environment) {
  return chosen.empty() ? default_socket_path(environment) : checked(chosen);
}

Result<std::string> client_socket_path(const std::string& chosen, const SocketEnvironment& environment,
                                       bool (*exists)(const std::string& path)) {
  if (!chosen.empty()) return checked(chosen);
  if (environment.ringmaster_socket && !environment.ringmaster_socket->empty()) {
    return checked(*environment.ringmaster_socket);
  }
  auto path = default_socket_path(environment);
  if ((!path || !exists(*path)) && exists(kSystemSocket)) return found(kSystemSocket);
  return path;
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

}  // namespace ringmaster
