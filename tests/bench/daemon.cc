#include "tests/bench/daemon.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

pid_t parent_of(const std::string& pid) {
  const std::string stat = read_all("/proc/" + pid + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return -1;
  std::istringstream rest(stat.substr(name_end + 1));
  char state = 0;
  pid_t parent = -1;
  rest >> state >> parent;
  return parent;
}

std::string output_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  std::string text;
  if (pipe == nullptr) return text;
  char piece[4096];
  for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;) text.append(piece, got);
  ::pclose(pipe);
  return text;
}

}  // namespace

Daemon::Daemon(const Programs& programs, const std::string& pools) : programs_(programs) {
  std::string folder = (fs::temp_directory_path() / "ringmaster-bench.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make a folder in the temporary folder");
  folder_ = folder;
  const std::string config = folder_ + "/config.toml";
  const std::string socket = folder_ + "/ringmaster.sock";
  const std::string log = folder_ + "/log";
  std::ofstream(config) << pools;

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const std::string& program = programs_.ringmasterd;
  std::string words[] = {program, "--config", config, "--socket", socket};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
  const int error = ::posix_spawn(&keeper_, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + program);

  const std::string health = programs_.ringmaster + " health --socket " + socket + " >/dev/null 2>&1";
  for (int tries = 0; std::system(health.c_str()) != 0; ++tries) {
    if (tries == 600 || ::waitpid(keeper_, nullptr, WNOHANG) == keeper_) {
      const std::string tail = log_tail();
      stop();
      throw std::runtime_error("the daemon did not get healthy:\n" + tail);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Daemon::~Daemon() { stop(); }

void Daemon::stop() {
  ::kill(keeper_, SIGTERM);
  ::waitpid(keeper_, nullptr, 0);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string Daemon::log_tail() const {
  const std::string log = read_all(folder_ + "/log");
  return log.substr(log.size() > 4000 ? log.size() - 4000 : 0);
}

Client Daemon::connect() const { return Client::connect({.socket = socket(), .name = "ringmaster-bench"}).value(); }

void Daemon::admit_everyone() const {
  fs::permissions(folder_, fs::perms{0711});
  fs::permissions(folder_ + "/ringmaster.sock", fs::perms{0666});
}

std::vector<pid_t> Daemon::children_named(const std::string& start) const {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename().string();
    if (!std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; }) || parent_of(pid) != keeper_) continue;
    const std::string command = read_all(entry.path() / "cmdline");
    const std::string name = fs::path(command.substr(0, command.find('\0'))).filename().string();
    if (name.starts_with(start)) found.push_back(static_cast<pid_t>(std::stol(pid)));
  }
  return found;
}

pid_t Daemon::supervisor() const {
  const auto found = children_named("ringmaster-supervisor");
  return found.empty() ? -1 : found.front();
}

std::vector<pid_t> Daemon::workers(const std::string& pool) const {
  return children_named("ringmaster-worker: " + pool + "[");
}

void Daemon::pin_workers(const std::string& pool, int cpu) const {
  cpu_set_t usable;
  cpu_set_t one;
  CPU_ZERO(&usable);
  CPU_ZERO(&one);
  ::sched_getaffinity(0, sizeof usable, &usable);
  for (int i = 0, seen = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &usable) && seen++ == cpu % CPU_COUNT(&usable)) CPU_SET(i, &one);
  for (const pid_t pid : workers(pool)) ::sched_setaffinity(pid, sizeof one, &one);
}

double Daemon::missed_wakes() const {
  const std::string text = output_of(programs_.ringmaster + " status --json --socket " + folder_ + "/ringmaster.sock");
  const std::string key = "\"missed_wakes\":";
  if (text.find(key) == std::string::npos) throw std::runtime_error("status --json says nothing of missed_wakes");
  double sum = 0;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1))
    sum += std::strtod(text.c_str() + at + key.size(), nullptr);
  return sum;
}

double cpu_ns(pid_t pid) {
  double sum = 0;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone))
    sum += std::strtod(read_all(task.path() / "schedstat").c_str(), nullptr);
  return sum;
}

namespace {

double status_field(const std::string& status, std::string_view name) {
  const std::size_t line = status.find(name);
  return line == std::string::npos ? 0 : std::strtod(status.c_str() + line + name.size(), nullptr);
}

}  // namespace

double wakeups(pid_t pid) {
  double sum = 0;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone))
    sum += status_field(read_all(task.path() / "status"), "\nvoluntary_ctxt_switches:");
  return sum;
}

double resident_kib(pid_t pid) { return status_field(read_all("/proc/" + std::to_string(pid) + "/status"), "VmRSS:"); }

}  // namespace ringmaster::bench
