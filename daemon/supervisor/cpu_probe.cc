#include "daemon/supervisor/cpu_probe.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace ringmaster {
namespace {

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

unsigned affinity_count() {
  // Grows until the kernel's mask fits: machines with more than 1,024 CPUs exist.
  for (std::size_t cpus = 1024; cpus <= (std::size_t{1} << 20); cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) return 0;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    const bool read = ::sched_getaffinity(0, size, set) == 0;
    const int count = read ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (read) return static_cast<unsigned>(count);
  }
  return 0;
}

/// Where a hierarchy that limits CPU time is mounted, and which of its groups that mount shows as its top.
struct Mount {
  std::string point;
  std::string top;
  bool v2 = false;
};

/// From /proc/self/mountinfo: "36 35 98:0 /top /point options - type source super-options".
std::vector<Mount> cpu_mounts(const std::string& mountinfo) {
  std::vector<Mount> mounts;
  std::istringstream lines{mountinfo};
  for (std::string line; std::getline(lines, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream left{line.substr(0, dash)};
    std::istringstream right{line.substr(dash + 3)};
    std::string id, parent, device, top, point, type, source, options;
    left >> id >> parent >> device >> top >> point;
    right >> type >> source >> options;
    const bool v2 = type == "cgroup2";
    const bool v1 = type == "cgroup" && ("," + options + ",").find(",cpu,") != std::string::npos;
    if (v1 || v2) mounts.push_back({point, top, v2});
  }
  return mounts;
}

/// This process's group in /proc/self/cgroup ("4:cpu,cpuacct:/path", v2: "0::/path").
std::optional<std::string> group_of(const std::string& cgroup, bool v2) {
  std::istringstream lines{cgroup};
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool match = v2 ? controllers.empty() : ("," + controllers + ",").find(",cpu,") != std::string::npos;
    if (match) return line.substr(second + 1);
  }
  return std::nullopt;
}

void add_quota(const std::string& root, const std::string& folder, bool v2, std::vector<core::CpuQuota>& quotas) {
  std::optional<core::CpuQuota> quota;
  if (v2) {
    const std::string file = folder + "/cpu.max";
    if (const auto text = read_text(root + file)) quota = core::parse_cpu_max(*text, file);
  } else {
    const std::string file = folder + "/cpu.cfs_quota_us";
    const auto text = read_text(root + file);
    const auto period = read_text(root + folder + "/cpu.cfs_period_us");
    if (text && period) quota = core::parse_cfs_quota(*text, *period, file);
  }
  if (quota) quotas.push_back(std::move(*quota));
}

}  // namespace

core::CpuFacts probe_cpus(const std::string& root) {
  core::CpuFacts facts;
  facts.online = static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  facts.affinity = affinity_count();
  const auto mountinfo = read_text(root + "/proc/self/mountinfo");
  const auto cgroup = read_text(root + "/proc/self/cgroup");
  if (!mountinfo || !cgroup) return facts;
  for (const auto& mount : cpu_mounts(*mountinfo)) {
    const auto group = group_of(*cgroup, mount.v2);
    if (!group) continue;
    // Inside a container the mount may show the group itself as its top, while the path is the host's.
    std::string path = *group;
    if (mount.top != "/" && path.compare(0, mount.top.size(), mount.top) == 0) path.erase(0, mount.top.size());
    while (path.size() > 1 && path.find("/..") == std::string::npos) {
      add_quota(root, mount.point + path, mount.v2, facts.quotas);
      path.erase(path.rfind('/'));
    }
    add_quota(root, mount.point, mount.v2, facts.quotas);
  }
  return facts;
}

}  // namespace ringmaster
