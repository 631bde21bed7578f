#include "daemon/machine/process_rights.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace ringmaster::daemon {
namespace {

// The real uid; the owner of /proc/PID tells another one's where the process is not dumpable.
std::optional<uid_t> user_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    unsigned uid = 0;
    if (word == "Uid:" && status >> uid) return uid;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> limit_in(const std::string& word) {
  if (word == "unlimited") return RLIM_INFINITY;
  if (word.empty() || word.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::strtoull(word.c_str(), nullptr, 10);
}

// A file that everybody may read: prlimit would take CAP_SYS_RESOURCE. Below a heading one line each, in the order of
// their numbers: a name of 25 characters, the soft limit, the hard one.
std::optional<std::vector<std::pair<int, core::ProcessLimit>>> limits_of(pid_t pid) {
  constexpr std::size_t kNameWidth = 26;
  std::ifstream file("/proc/" + std::to_string(pid) + "/limits");
  std::vector<std::pair<int, core::ProcessLimit>> limits;
  std::string line;
  std::getline(file, line);
  for (int resource = 0; resource < RLIM_NLIMITS && std::getline(file, line); ++resource) {
    if (line.size() < kNameWidth || !line.starts_with("Max ")) return std::nullopt;
    std::istringstream rest(line.substr(kNameWidth));
    std::string soft;
    std::string hard;
    rest >> soft >> hard;
    const auto low = limit_in(soft);
    const auto high = limit_in(hard);
    if (!low || !high) return std::nullopt;
    limits.emplace_back(resource, core::ProcessLimit{*low, *high});
  }
  if (limits.size() != RLIM_NLIMITS) return std::nullopt;
  return limits;
}

std::optional<ProcessRights> read(pid_t pid) {
  ProcessRights rights;
  errno = 0;
  rights.nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(pid));
  if (errno != 0) return std::nullopt;
  auto limits = limits_of(pid);
  if (!limits) return std::nullopt;
  rights.limits = std::move(*limits);
  return rights;
}

}  // namespace

Result<ProcessRights> rights_of(pid_t pid, uid_t uid) {
  const std::string who = "process " + std::to_string(pid);
  if (pid <= 0) return Error{"the process that asks is not visible to the daemon (another PID namespace)"};
  auto rights = read(pid);
  if (!rights) return Error{"cannot read the limits of " + who + ", which asks; is it still there?"};
  // Afterwards: a number that another user's process has by now was read in vain.
  if (user_of(pid) != uid) return Error{who + " is not uid " + std::to_string(uid) + "'s any more"};
  return *rights;
}

std::vector<gid_t> own_groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return groups;
}

ProcessRights own_rights() { return read(::getpid()).value_or(ProcessRights{}); }

}  // namespace ringmaster::daemon
