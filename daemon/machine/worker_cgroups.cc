#include "daemon/machine/worker_cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <vector>

#include "base/cgroup_text.h"
#include "daemon/core/machine/cgroup_facts.h"
#include "daemon/log/log.h"
#include "daemon/os/cgroup.h"

namespace ringmaster::daemon {
namespace {

std::string text_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::optional<std::string> group_file(int directory, const char* name) {
  std::string text(65536, '\0');
  const ssize_t got = read_cgroup(directory, name, text);
  if (got < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(got));
  return text;
}

// The group that this process was started in: it may be in the "daemon" group below that now, if a predecessor has
// moved the keeper there.
Result<std::string> own_group() {
  const auto group = cgroup_of(text_of("/proc/self/cgroup"), true, {});
  if (!group) return Error{"the kernel has no cgroup v2"};
  for (const CgroupMount& mount : cgroup_mounts(text_of("/proc/self/mountinfo"), {})) {
    if (!mount.v2) continue;
    if (const auto folder = cgroup_folder(mount, *group)) {
      return Result<std::string>(boost::system::in_place_value, core::delegated_folder(*folder));
    }
  }
  return Error{"cgroup v2 is not mounted, or not where this process is in it"};
}

// The pids in the group other than keeper and supervisor; "0" is a process of another pid namespace.
std::string strangers_in(int directory) {
  std::string strangers;
  std::istringstream pids(group_file(directory, "cgroup.procs").value_or(""));
  for (std::string pid; pids >> pid;) {
    if (pid == std::to_string(::getpid()) || pid == std::to_string(::getppid())) continue;
    strangers += (strangers.empty() ? "" : ", ") + pid;
  }
  return strangers;
}

}  // namespace

void WorkerCgroups::open(const std::string& wish) {
  if (auto settled = settle(wish); !settled) {
    why_ = "no cgroup: " + settled.error().message;
    return;
  }
  enabled_ = true;
  const auto controllers = group_file(root_.get(), "cgroup.controllers");
  const bool offered = controllers && has_word(*controllers, "memory");
  // EBUSY: somebody has moved a process into D. Cgroups are useful without the controller too: they fence workers.
  const int error = offered ? write_cgroup(root_.get(), "cgroup.subtree_control", "+memory") : 0;
  limits_memory_ = offered && error == 0;
  why_ = "workers get cgroups below " + path_ + (limits_memory_ ? ", with" : ", without") + " memory limits";
  if (!offered) why_ += " (it has no memory controller)";
  if (error != 0) why_ += std::string{" ("} + std::strerror(error) + ")";
}

Result<void> WorkerCgroups::settle(const std::string& wish) {
  if (wish == "off") return Error{"turned off by [daemon] cgroup"};
  if (auto found = find_group(wish); !found) return found;
  return move_in();
}

Result<void> WorkerCgroups::find_group(const std::string& wish) {
  path_ = wish;
  if (wish == "auto") {
    auto own = own_group();
    if (!own) return own.error();
    path_ = *own;
  }
  UniqueFd root(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("cannot open \"" + path_ + "\"", errno);
  if (!is_cgroup(root.get())) return Error{"\"" + path_ + "\" is not a cgroup v2"};
  if (wish == "auto") {
    if (!is_delegated(root.get())) return Error{"\"" + path_ + "\" is not delegated to this daemon"};
    if (const std::string others = strangers_in(root.get()); !others.empty()) {
      return Error{"other processes are in \"" + path_ + "\" (pid " + others + ")"};
    }
  }
  root_ = std::move(root);
  return {};
}

// Moves keeper and supervisor into a leaf: a group that gives controllers to its children must not have processes
// itself, and a process may be moved into a worker's leaf only if the common parent of both groups is ours.
Result<void> WorkerCgroups::move_in() {
  const std::string name{core::kDaemonLeaf};
  if (::mkdirat(root_.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
    return errno_error("cannot make \"" + path_ + "/" + name + "\"", errno);
  }
  for (const pid_t pid : {::getppid(), ::getpid()}) {
    const int error = write_cgroup(root_.get(), (name + "/cgroup.procs").c_str(), std::to_string(pid));
    if (error != 0)
      return errno_error("cannot move process " + std::to_string(pid) + " into \"" + path_ + "/daemon\"", error);
  }
  return {};
}

std::optional<UniqueFd> WorkerCgroups::make(shm::Owner owner, core::Bytes memory_max) {
  if (!enabled_) return std::nullopt;
  const std::string name = core::worker_leaf(owner.worker, owner.incarnation);
  UniqueFd leaf;
  int error = make_cgroup(root_.get(), name.c_str(), leaf);
  if (error == 0 && limits_memory_ && memory_max.value != 0) {
    error = write_cgroup(leaf.get(), "memory.max", std::to_string(memory_max.value));
    // Without swap: otherwise a worker over its limit would first get slow until swap is full.
    (void)write_cgroup(leaf.get(), "memory.swap.max", "0");
  }
  if (error != 0) {
    disable("cannot make \"" + path_ + "/" + name + "\": " + std::strerror(error));
    remove(owner);
    return std::nullopt;
  }
  // If the killer ends a child of a worker, it must end the worker too, which could not go on correctly.
  if (limits_memory_) (void)write_cgroup(leaf.get(), "memory.oom.group", "1");
  return leaf;
}

MemoryGuard WorkerCgroups::guard(int leaf, core::Bytes memory_max) const {
  return limits_memory() ? MemoryGuard(leaf, memory_max) : MemoryGuard();
}

std::optional<bool> WorkerCgroups::out_of_memory(int leaf) {
  if (leaf < 0) return std::nullopt;
  const auto events = group_file(leaf, "memory.events");
  const auto kills = events ? core::oom_kills_of(*events) : std::nullopt;
  if (!kills) return std::nullopt;
  return *kills > 0;
}

void WorkerCgroups::remove(shm::Owner owner) { remove_leaf(core::worker_leaf(owner.worker, owner.incarnation)); }

void WorkerCgroups::remove_leaf(const std::string& name) {
  if (!root_) return;
  const int error = remove_cgroup(root_.get(), name.c_str());
  // EBUSY: a process is left that is about to be killed; the next supervisor's sweep removes the group.
  if (error != 0 && error != ENOENT && error != ENODEV && error != EBUSY) {
    log_warning("cannot remove a worker's cgroup", {{"cgroup", path_ + "/" + name}, {"error", std::strerror(error)}});
  }
}

void WorkerCgroups::sweep(const std::set<std::pair<std::uint32_t, std::uint32_t>>& kept) {
  if (!root_) return;
  const int copy = ::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(copy >= 0 ? ::fdopendir(copy) : nullptr, ::closedir);
  if (!folder) return;
  std::vector<std::string> left;
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto leaf = core::parse_worker_leaf(entry->d_name);
    if (leaf && !kept.contains(*leaf)) left.emplace_back(entry->d_name);
  }
  for (const std::string& name : left) remove_leaf(name);
}

void WorkerCgroups::disable(const std::string& reason) {
  if (!enabled_) return;
  enabled_ = false;
  why_ = "no cgroup: " + reason;
  log_warning("workers get no cgroup any more", {{"error", reason}});
}

}  // namespace ringmaster::daemon
