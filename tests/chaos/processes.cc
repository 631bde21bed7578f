#include "tests/chaos/processes.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/unique_fd.h"

namespace ringmaster::chaos {
namespace {

namespace fs = std::filesystem;

std::string proc(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

bool read_stat(pid_t pid, ProcessFacts& facts) {
  const std::string stat = read_text(proc(pid, "stat"));
  const std::size_t name = stat.find('(');
  const std::size_t end = stat.rfind(')');
  if (name == std::string::npos || end == std::string::npos) return false;
  std::istringstream rest(stat.substr(end + 1));
  facts.pid = pid;
  if (!(rest >> facts.state >> facts.parent)) return false;
  const std::string line = read_text(proc(pid, "cmdline"));
  facts.command = line.empty() ? "[" + stat.substr(name + 1, end - name - 1) + "]" : line.substr(0, line.find('\0'));
  return true;
}

std::vector<ProcessFacts> all() {
  std::vector<ProcessFacts> found;
  DIR* const folder = ::opendir("/proc");
  if (folder == nullptr) return found;
  while (const dirent* const entry = ::readdir(folder)) {
    ProcessFacts facts;
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (read_stat(static_cast<pid_t>(std::atoi(entry->d_name)), facts)) found.push_back(std::move(facts));
  }
  ::closedir(folder);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return found;
}

}  // namespace

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<ProcessFacts> children_of(pid_t parent) {
  // The kernel's own list: a walk of /proc costs milliseconds on a busy machine, and this is asked for each signal.
  std::vector<ProcessFacts> found;
  std::istringstream list(
      read_text("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"));
  for (pid_t pid = 0; list >> pid;) {
    ProcessFacts facts;
    if (read_stat(pid, facts)) found.push_back(std::move(facts));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return found;
}

std::vector<ProcessFacts> descendants_of(pid_t ancestor) {
  const std::vector<ProcessFacts> everybody = all();
  std::set<pid_t> family{ancestor};
  std::vector<ProcessFacts> found;
  for (bool more = true; more;) {
    more = false;
    for (const ProcessFacts& one : everybody) {
      if (family.count(one.parent) == 0 || family.count(one.pid) != 0) continue;
      family.insert(one.pid);
      found.push_back(one);
      more = true;
    }
  }
  return found;
}

bool signal_child_of(pid_t parent, pid_t pid, int signal) {
  const UniqueFd pinned(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ProcessFacts facts;
  if (!pinned || !read_stat(pid, facts) || facts.parent != parent || facts.state == 'Z') return false;
  return ::syscall(SYS_pidfd_send_signal, pinned.get(), signal, nullptr, 0) == 0;
}

int descriptors_of(pid_t pid) {
  std::error_code gone;
  int count = 0;
  for (const auto& one : fs::directory_iterator(proc(pid, "fd"), gone)) {
    (void)one;
    ++count;
  }
  return gone ? -1 : count;
}

std::string descriptor_kinds(pid_t pid) {
  std::map<std::string, int> kinds;
  std::error_code gone;
  for (const auto& one : fs::directory_iterator(proc(pid, "fd"), gone)) {
    std::error_code failed;
    std::string target = fs::read_symlink(one.path(), failed).string();
    if (failed) continue;
    // "socket:[123]" → "socket", "/memfd:name (deleted)" as it is.
    if (const std::size_t colon = target.find(":["); colon != std::string::npos) target.resize(colon);
    ++kinds[target];
  }
  std::string text;
  for (const auto& [kind, count] : kinds) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
  return text;
}

int memfd_maps_of(pid_t pid) {
  std::istringstream maps(read_text(proc(pid, "maps")));
  int count = 0;
  for (std::string line; std::getline(maps, line);)
    if (line.find("/memfd:") != std::string::npos) ++count;
  return count;
}

}  // namespace ringmaster::chaos
