#include "daemon/machine/cpu_probe.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "base/cgroup_text.h"

namespace ringmaster::daemon {
namespace {

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

unsigned affinity_count() {
  // Tries larger masks until the kernel's fits: some machines have more than 1,024 CPUs.
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
  for (const auto& mount : cgroup_mounts(*mountinfo, "cpu")) {
    const auto group = cgroup_of(*cgroup, mount.v2, "cpu");
    if (!group) continue;
    for (const std::string& folder : cgroup_folders(mount, *group)) {
      add_quota(root, folder, mount.v2, facts.quotas);
    }
  }
  return facts;
}

}  // namespace ringmaster::daemon
