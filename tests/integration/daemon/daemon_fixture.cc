#include "tests/integration/daemon/daemon_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/testing/process_state.h"

namespace ringmaster {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

pid_t execute(const std::vector<std::string>& arguments, const std::string& output,
              const std::function<void()>& before_exec = {}, int flags = O_APPEND) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (before_exec) before_exec();
  const int log = ::open(output.c_str(), O_WRONLY | O_CREAT | flags, 0600);
  ::dup2(log, 1);
  ::dup2(log, 2);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

int wait_for(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

void DaemonTest::SetUp() {
  std::string name = std::filesystem::temp_directory_path() / "ringmaster-test-XXXXXX";
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = name;
  socket_ = folder_ + "/d.sock";
}

void DaemonTest::TearDown() {
  if (keeper_ != 0) {
    const std::vector<pid_t> all = children();
    ::kill(keeper_, SIGTERM);
    EXPECT_EQ(wait_keeper(), 0);
    for (const pid_t pid : all) EXPECT_FALSE(is_running(pid)) << "left over: " << pid;
    EXPECT_FALSE(std::filesystem::exists(socket_));
    EXPECT_FALSE(std::filesystem::exists(socket_ + ".lock"));
  }
  if (HasFailure()) std::fputs(log().c_str(), stderr);
  std::filesystem::remove_all(folder_);
}

void DaemonTest::launch(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), more_arguments_.begin(), more_arguments_.end());
  keeper_ = execute(arguments, folder_ + "/log", before_exec_, output_flags_);
  eventually("the daemon serves", [this] {
    ConnectOptions options;
    options.socket = socket_;
    return Client::connect(options).has_value();
  });
}

void DaemonTest::start(const std::string& more) {
  start_with("[pool.t]\ncommand = [\"" TEST_WORKER "\"]\nworkers = 2\nspares = 1\n" + more);
}

void DaemonTest::start_with(const std::string& config) {
  const std::string file = folder_ + "/daemon.toml";
  std::ofstream(file) << config;
  launch({RINGMASTERD, "--config", file, "--socket", socket_});
}

void DaemonTest::start_default() { launch({RINGMASTERD, "--socket", socket_}); }

Session DaemonTest::open(const std::string& pool, const SessionOptions& wishes) {
  ConnectOptions options;
  options.socket = socket_;
  auto client = Client::connect(options);
  if (!client) throw std::runtime_error(client.error().message);
  auto session = client->open(pool, wishes);
  if (!session) throw std::runtime_error(session.error().message);
  return std::move(*session);
}

Outcome DaemonTest::run(Session& session, std::string_view handler, const Arguments& arguments,
                        const SubmitOptions& options, std::string_view payload) {
  auto job = session.submit(handler, std::as_bytes(std::span(payload)), arguments, options);
  if (!job) throw std::runtime_error(job.error().message);
  auto outcome = job->wait_for(kPatience);
  if (!outcome) throw std::runtime_error(std::string{handler} + " did not end");
  return std::move(*outcome);
}

pid_t DaemonTest::as_another_uid(const std::function<int()>& act) const {
  constexpr uid_t kOther = 65534;
  std::filesystem::permissions(folder_, std::filesystem::perms{0755});
  std::filesystem::permissions(socket_, std::filesystem::perms{0666});
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int code = 100;
  try {
    const bool changed = ::getppid() == parent && ::setgroups(0, nullptr) == 0 &&
                         ::setresgid(kOther, kOther, kOther) == 0 && ::setresuid(kOther, kOther, kOther) == 0;
    if (changed) code = act();
  } catch (...) {
  }
  ::_exit(code);
}

int DaemonTest::code_of(pid_t child) { return wait_for(child); }

std::vector<pid_t> DaemonTest::children() const {
  std::vector<pid_t> found;
  std::stringstream list(
      read_file("/proc/" + std::to_string(keeper_) + "/task/" + std::to_string(keeper_) + "/children"));
  for (pid_t pid = 0; list >> pid;) found.push_back(pid);
  return found;
}

pid_t DaemonTest::supervisor() const {
  for (const pid_t pid : children()) {
    if (read_file("/proc/" + std::to_string(pid) + "/cmdline").rfind("ringmaster-supervisor", 0) == 0) return pid;
  }
  return 0;
}

std::vector<pid_t> DaemonTest::workers() const {
  std::vector<pid_t> found;
  const pid_t other = supervisor();
  // A copy of the keeper is one that closes something, or that will be a worker; one without arguments is ending.
  const std::string keeper = read_file("/proc/" + std::to_string(keeper_) + "/cmdline");
  for (const pid_t pid : children()) {
    const std::string command = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    if (pid != other && command != keeper && !command.empty()) found.push_back(pid);
  }
  return found;
}

pid_t DaemonTest::a_worker() const {
  pid_t found = 0;
  eventually("there is a worker", [&] {
    const std::vector<pid_t> all = workers();
    found = all.empty() ? 0 : all.front();
    return found != 0;
  });
  if (found == 0) throw std::runtime_error("no worker has started");
  return found;
}

std::vector<pid_t> DaemonTest::all_workers() const {
  std::vector<pid_t> found;
  // One that still boots when its supervisor dies is replaced by the next.
  eventually("every worker is ready", [&] {
    const std::string text = log();
    found = workers();
    return found.size() == 3 && std::ranges::all_of(found, [&](pid_t pid) {
             return count_in(text, " pid=" + std::to_string(pid) + " after=") == 1;  // "worker ready"
           });
  });
  return found;
}

void DaemonTest::replace_supervisor() {
  pid_t old = 0;
  eventually("a supervisor runs", [&] { return (old = supervisor()) != 0; });
  ASSERT_EQ(::kill(old, SIGKILL), 0);
  eventually("a successor runs", [&] {
    const pid_t now = supervisor();
    return now != 0 && now != old;
  });
}

int DaemonTest::wait_keeper() {
  const int code = wait_for(keeper_);
  keeper_ = 0;
  return code;
}

int DaemonTest::run_second(std::string& output) {
  const std::string file = folder_ + "/second";
  std::vector<std::string> arguments{RINGMASTERD, "--socket", socket_};
  arguments.insert(arguments.end(), more_arguments_.begin(), more_arguments_.end());
  const int code = wait_for(execute(arguments, file, before_exec_));
  output = read_file(file);
  return code;
}

std::string DaemonTest::log() const { return read_file(folder_ + "/log"); }

unsigned DaemonTest::count_in(const std::string& text, const std::string& part) {
  unsigned count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void DaemonTest::eventually(const std::string& what, const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit) << "not in time: " << what;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

}  // namespace ringmaster
