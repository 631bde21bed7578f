#include "daemon/machine/proc_facts.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "daemon/core/worker/death.h"

namespace ringmaster::daemon {

std::uint64_t oom_kills() {
  std::ifstream file("/proc/vmstat");
  std::string key;
  for (std::uint64_t value = 0; file >> key >> value;) {
    if (key == "oom_kill") return value;
  }
  return 0;
}

core::Bytes resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (!(file >> size >> resident)) return {};
  return {resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

core::Duration cpu_time(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // The process's name may contain blanks and brackets: the fields are counted after the last bracket.
  std::istringstream fields(line.substr(std::min(line.rfind(')') + 1, line.size())));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  if (!(fields >> user >> system)) return {};
  return std::chrono::nanoseconds{(user + system) * (1'000'000'000 / ::sysconf(_SC_CLK_TCK))};
}

bool dumps_core(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (file >> word) {
    if (word == "CoreDumping:") return file >> word && word == "1";
  }
  return false;
}

std::vector<std::string> worker_environment() {
  const char* path = std::getenv("PATH");
  std::vector<std::string> environment{std::string{"PATH="} +
                                       (path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin")};
  for (const char* name : {"LANG", "TZ"}) {
    if (const char* value = std::getenv(name)) environment.push_back(std::string{name} + "=" + value);
  }
  return environment;
}

std::string core_place() {
  std::ifstream file("/proc/sys/kernel/core_pattern");
  std::string pattern;
  std::getline(file, pattern);
  return core::core_place(pattern);
}

}  // namespace ringmaster::daemon
