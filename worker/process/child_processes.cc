#include "worker/process/child_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <set>
#include <string_view>

#include "base/unique_fd.h"

namespace ringmaster::worker {
namespace {

// More children are left to the next look: this bounds the cost of a fork bomb.
constexpr std::size_t kMostAtOnce = 4096;

std::optional<std::string> read_small(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

std::string proc(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

template <typename Found>
bool each_number(const char* folder, Found&& found) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder), &::closedir);
  if (!dir) return false;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name(entry->d_name);
    pid_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size()) found(number);
  }
  return true;
}

// The fields after the name in /proc/PID/stat: state, parent, and so on.
struct Stat {
  char state = '?';
  pid_t parent = 0;
  std::uint64_t started = 0;
};
std::optional<Stat> read_stat(pid_t pid) {
  const auto text = read_small(proc(pid, "stat"));
  const auto name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos || name_end + 3 >= text->size()) return std::nullopt;
  Stat stat;
  stat.state = (*text)[name_end + 2];
  // Fields 4 (parent) and 22 (start time); the state is field 3.
  std::size_t at = name_end + 2;
  for (int field = 3; at != std::string::npos && field <= 22; ++field, at = text->find(' ', at + 1)) {
    const char* const begin = text->c_str() + at + 1;
    if (field == 4) std::from_chars(begin, text->c_str() + text->size(), stat.parent);
    if (field == 22) std::from_chars(begin, text->c_str() + text->size(), stat.started);
  }
  return stat;
}

void add_numbers(std::string_view text, std::vector<pid_t>& pids) {
  for (const char *at = text.data(), *const end = at + text.size(); at < end;) {
    pid_t pid = 0;
    const auto parsed = std::from_chars(at, end, pid);
    if (parsed.ec == std::errc{}) pids.push_back(pid);
    at = std::max(parsed.ptr, at) + 1;
  }
}

// For kernels without CONFIG_PROC_CHILDREN: searches all processes for this parent.
std::vector<pid_t> children_by_parent(pid_t parent) {
  std::vector<pid_t> pids;
  each_number("/proc", [&](pid_t pid) {
    const auto stat = read_stat(pid);
    if (stat && stat->parent == parent) pids.push_back(pid);
  });
  return pids;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> pids;
  bool known = false;
  const std::string tasks = proc(parent, "task");
  each_number(tasks.c_str(), [&](pid_t thread) {
    const auto text = read_small(tasks + "/" + std::to_string(thread) + "/children");
    if (!text) return;
    known = true;
    add_numbers(*text, pids);
  });
  return known ? pids : children_by_parent(parent);
}

int pidfd_open(pid_t pid) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// Kills by pidfd, after a check that the process is still the one that was meant: a handler's thread may have waited
// for it, and its pid may belong to another process by now.
template <typename StillThat>
void kill_if(pid_t pid, StillThat&& still_that) {
  const UniqueFd process(pidfd_open(pid));
  if (!process || !still_that(process.get())) return;
  ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

bool is_child(int pidfd) noexcept {
  siginfo_t info{};
  return ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info,
                  WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

}  // namespace

bool has_children() noexcept {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

std::vector<ChildProcess> list_children() {
  std::vector<ChildProcess> children;
  for (const pid_t pid : children_of(::getpid())) {
    siginfo_t info{};
    const bool ours = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
    if (!ours) continue;
    children.push_back({pid, start_time_of(pid).value_or(0), info.si_pid == pid});
  }
  return children;
}

std::optional<std::uint64_t> start_time_of(pid_t pid) {
  const auto stat = read_stat(pid);
  if (stat) return stat->started;
  return ::kill(pid, 0) == 0 || errno == EPERM ? std::optional<std::uint64_t>(0) : std::nullopt;
}

std::string name_of_process(pid_t pid) {
  std::string name = read_small(proc(pid, "comm")).value_or("process");
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name + " (pid " + std::to_string(pid) + ")";
}

void end_with_descendants(pid_t pid) {
  // All are collected first: the children of a killed process get another parent.
  std::vector<std::pair<pid_t, pid_t>> below;  // process, parent
  std::set<pid_t> met{pid};
  std::vector<pid_t> open{pid};
  while (!open.empty() && below.size() < kMostAtOnce) {
    const pid_t parent = open.back();
    open.pop_back();
    for (const pid_t child : children_of(parent)) {
      if (!met.insert(child).second) continue;
      below.emplace_back(child, parent);
      open.push_back(child);
    }
  }
  kill_if(pid, [](int pidfd) { return is_child(pidfd); });
  const pid_t self = ::getpid();
  for (const auto& [child, parent] : below) {
    kill_if(child, [&, one = child, above = parent](int) {
      const auto stat = read_stat(one);
      return stat && (stat->parent == above || stat->parent == self || met.contains(stat->parent));
    });
  }
}

void reap_child(pid_t pid) noexcept {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | __WALL);
}

}  // namespace ringmaster::worker
