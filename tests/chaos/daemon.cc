#include "tests/chaos/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace ringmaster::chaos {
namespace {

bool is_supervisor(const ProcessFacts& process) {
  return process.command.starts_with("ringmaster-supervisor") || process.command.ends_with("/ringmaster-supervisor") ||
         process.command.starts_with("[ringmaster-supe");
}
// Between fork and exec it still bears its parent's name; it is nobody's to be killed then.
bool is_worker(const ProcessFacts& process) { return process.command.starts_with("ringmaster-worker"); }

std::string pool_text(const Setup& setup, unsigned pool) {
  std::string text = "\n[pool.p" + std::to_string(pool) + "]\nhandlers = [\"" + setup.handlers + "\"]\n";
  text += "workers = " + std::to_string(kWorkersOf[pool]) + "\nspares = " + std::to_string(kSparesOf[pool]) + "\n";
  text += "run_timeout = \"" + std::to_string(kRunTimeoutMs) + "ms\"\nmax_timeout = \"1m\"\ngrace = \"200ms\"\n";
  text += "retries = " + std::to_string(kAttempts) + "\n";
  // One user alone is refused for what crashes here; where all clients are this one, it is meant to crash.
  if (::geteuid() != 0) text += "[pool.p" + std::to_string(pool) + ".restart]\nbudget = 1000\n";
  text += "[pool.p" + std::to_string(pool) + ".environment]\nCHAOS_RUNS = \"" + setup.runs() + "\"\n";
  if (!setup.plant.empty()) text += "PLANTED_FAULT = \"" + setup.plant + "\"\n";
  return text;
}

std::string config_text(const Setup& setup) {
  std::string text = "[daemon]\nshutdown_timeout = \"5s\"\nhealth_hold = \"5s\"\nsocket_mode = \"0666\"\n";
  text += "cgroup = \"" + (setup.cgroup.empty() ? "off" : setup.cgroup) + "\"\n";
  text +=
      "[limits]\nmax_connections = 512\nconnections_per_uid = 512\nsessions_per_uid = 512\nslots_per_uid = 1000000\n"
      "bytes_per_uid = \"64GiB\"\nsocket_jobs_per_uid = 4096\ncrashes_per_minute = 1000000\n";
  for (unsigned pool = 0; pool < kPools; ++pool) text += pool_text(setup, pool);
  return text;
}

}  // namespace

Daemon::Daemon(const Setup& setup) {
  const std::string config = setup.folder + "/daemon.toml";
  const std::string temporary = setup.folder + "/tmp";
  std::ofstream(config) << config_text(setup);
  const std::ofstream runs(setup.runs());  // empty
  std::filesystem::create_directory(temporary);
  const std::string socket = setup.socket();
  const std::string log = setup.log();
  std::string words[] = {setup.ringmasterd, "--config", config, "--socket", socket};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
  keeper_ = ::fork();
  if (keeper_ < 0) throw std::runtime_error(std::string("cannot fork: ") + std::strerror(errno));
  if (keeper_ == 0) {
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::close_range(3, ~0U, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a judge that is killed leaves no daemon
    ::setenv("TMPDIR", temporary.c_str(), 1);
    if (!setup.plant.empty()) ::setenv("PLANTED_FAULT", setup.plant.c_str(), 1);
    ::execv(arguments[0], arguments);
    ::_exit(127);
  }
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, keeper_, 0)));
}

Daemon::~Daemon() {
  if (keeper_ > 0) (void)stop(60'000);
}

pid_t Daemon::supervisor() const {
  for (const ProcessFacts& child : children_of(keeper_))
    if (is_supervisor(child) && child.state != 'Z') return child.pid;
  return 0;
}

std::vector<pid_t> Daemon::workers() const {
  std::vector<pid_t> found;
  for (const ProcessFacts& child : children_of(keeper_))
    if (is_worker(child) && child.state != 'Z') found.push_back(child.pid);
  return found;
}

std::vector<ProcessFacts> Daemon::strangers() const {
  std::vector<ProcessFacts> found;
  for (ProcessFacts& child : children_of(keeper_))
    if (child.state == 'Z' || (!is_worker(child) && !is_supervisor(child))) found.push_back(std::move(child));
  return found;
}

bool Daemon::runs() const {
  pollfd end{pidfd_.get(), POLLIN, 0};
  return keeper_ > 0 && ::poll(&end, 1, 0) == 0;
}

std::optional<int> Daemon::stop(int ms) {
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
  pollfd end{pidfd_.get(), POLLIN, 0};
  const bool ended = ::poll(&end, 1, ms) == 1;
  if (!ended) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  int status = 0;
  ::waitpid(keeper_, &status, 0);
  keeper_ = -1;
  return ended ? std::optional<int>(status) : std::nullopt;
}

}  // namespace ringmaster::chaos
