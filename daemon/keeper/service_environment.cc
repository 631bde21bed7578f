#include "daemon/keeper/service_environment.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace ringmaster::keeper {
namespace {

constexpr int kMostListenFds = 16;

// The variable as a number; 0: it is not set or not a number.
std::uint64_t number_in(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return 0;
  const char* const end = text + std::strlen(text);
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc{} && stop == end ? value : 0;
}

}  // namespace

ServiceEnvironment read_service_environment(int own_pid) {
  const auto pid = static_cast<std::uint64_t>(own_pid);
  ServiceEnvironment environment;
  if (const char* const socket = std::getenv("NOTIFY_SOCKET")) environment.notify_socket = socket;
  if (std::getenv("WATCHDOG_PID") == nullptr || number_in("WATCHDOG_PID") == pid) {
    const std::uint64_t microseconds = number_in("WATCHDOG_USEC");
    if (microseconds < UINT64_MAX / 1000) environment.watchdog_ns = microseconds * 1000;
  }
  const std::uint64_t count = number_in("LISTEN_FDS");
  if (number_in("LISTEN_PID") == pid && count <= kMostListenFds) environment.listen_fds = static_cast<int>(count);
  return environment;
}

void clear_service_environment() {
  for (const char* const name :
       {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) {
    ::unsetenv(name);
  }
}

}  // namespace ringmaster::keeper
