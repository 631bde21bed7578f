#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "base/cgroup_text.h"
#include "base/unique_fd.h"
#include "daemon/core/machine/cgroup_facts.h"
#include "daemon/os/cgroup.h"

namespace ringmaster {

/// A cgroup v2 of the test's own, made at the top of the hierarchy as this machine shows it and removed with what is in
/// it. Where none can be made, path() is empty and why() says why; skip the test then.
class ScratchCgroup {
 public:
  ScratchCgroup() {
    const std::string mountinfo = text_of("/proc/self/mountinfo");
    for (const CgroupMount& mount : cgroup_mounts(mountinfo, {})) {
      if (!mount.v2) continue;
      const std::string path = mount.point + "/ringmaster-test-" + std::to_string(::getpid());
      if (::mkdir(path.c_str(), 0755) == 0) {
        path_ = path;
        folder_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return;
      }
      why_ = "cannot make \"" + path + "\": " + std::strerror(errno);
    }
  }
  ~ScratchCgroup() {
    if (path_.empty()) return;
    // Whoever is still in it is one of the test's, on its way out; its end takes a moment.
    (void)daemon::kill_cgroup(fd());
    for (int tries = 0; tries < 1000; ++tries) {
      for (const std::string& group : groups()) ::rmdir((path_ + "/" + group).c_str());
      if (::rmdir(path_.c_str()) == 0 || errno != EBUSY) return;
      ::usleep(5000);
    }
  }
  ScratchCgroup(const ScratchCgroup&) = delete;
  ScratchCgroup& operator=(const ScratchCgroup&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] int fd() const { return folder_.get(); }
  [[nodiscard]] bool has_memory() const { return has_word(text_of((path_ + "/cgroup.controllers").c_str()), "memory"); }
  /// The names of the groups in it.
  [[nodiscard]] std::set<std::string> groups() const {
    std::set<std::string> found;
    DIR* const folder = path_.empty() ? nullptr : ::opendir(path_.c_str());
    if (folder == nullptr) return found;
    while (const dirent* const entry = ::readdir(folder)) {
      if (entry->d_type == DT_DIR && entry->d_name[0] != '.') found.insert(entry->d_name);
    }
    ::closedir(folder);
    return found;
  }
  /// The workers' groups in it.
  [[nodiscard]] std::set<std::string> leaves() const {
    std::set<std::string> found = groups();
    std::erase_if(found, [](const std::string& name) { return !core::parse_worker_leaf(name); });
    return found;
  }
  /// The last part of the v2 group that a process is in; "" where it is gone.
  [[nodiscard]] static std::string group_of(pid_t pid) {
    const std::string text = text_of(("/proc/" + std::to_string(pid) + "/cgroup").c_str());
    const std::string path = cgroup_of(text, true, {}).value_or("");
    return path.substr(path.rfind('/') + 1);
  }

 private:
  static std::string text_of(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  std::string path_;
  std::string why_ = "no cgroup v2 is mounted";
  UniqueFd folder_;
};

}  // namespace ringmaster
