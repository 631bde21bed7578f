#include "tests/integration/cli/command_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "client/cli/protobuf_link.h"
namespace ringmaster {
namespace {

constexpr int kNoTinyDisk = 125;

// A user namespace that knows this process's user and group: files of others could not be made.
bool enter_user_namespace() {
  const std::string uid = std::to_string(::geteuid());
  const std::string gid = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  return (std::ofstream("/proc/self/uid_map") << uid << ' ' << uid << " 1" << std::flush).good() &&
         (std::ofstream("/proc/self/gid_map") << gid << ' ' << gid << " 1" << std::flush).good();
}

// In a mount namespace of its own, so that nothing is left behind whatever happens.
bool mount_tiny_disk(const std::string& folder) {
  if (::unshare(CLONE_NEWNS) != 0 && !enter_user_namespace()) return false;
  (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  return ::mount("none", folder.c_str(), "tmpfs", 0, "size=64k,nr_inodes=100,mode=777") == 0;
}

}  // namespace

pid_t CommandTest::begin(const Start& start) const {
  std::vector<std::string> arguments = start.arguments;
  arguments.insert(arguments.begin(), {RINGMASTER, "--socket", socket_});
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  (void)::setsid();
  if (!start.tiny_disk.empty() && !mount_tiny_disk(start.tiny_disk)) ::_exit(kNoTinyDisk);
  ::dup2(::open(start.in.c_str(), O_RDONLY), 0);
  ::dup2(start.terminal >= 0 ? start.terminal : ::open(path("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  ::dup2(start.terminal >= 0 ? start.terminal : ::open(path("errors").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
  for (int fd = 3; fd < 64; ++fd) ::close(fd);
  for (const int fd : start.closed) ::close(fd);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("COLUMNS");
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

CommandTest::Ended CommandTest::finish(pid_t pid) const {
  int status = 0;
  bool ended = false;
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!ended && std::chrono::steady_clock::now() < limit) {
    ended = ::waitpid(pid, &status, WNOHANG) == pid;
    if (!ended) ::usleep(5000);
  }
  if (!ended) {
    ::kill(pid, SIGKILL);
    (void)::waitpid(pid, &status, 0);
    ADD_FAILURE() << "the command did not end";
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content(path("out")),
          content(path("errors"))};
}

std::uint64_t CommandTest::jobs_done() const {
  ConnectOptions options;
  options.socket = socket_;
  const auto client = Client::connect(options);
  if (!client) return 0;
  control::v1::Request request;
  request.mutable_get_status();
  const auto answer = client::ask_for(client->link(), request, control::v1::Reply::kStatus);
  std::uint64_t done = 0;
  if (answer) {
    for (const auto& pool : answer->reply.status().pools()) done += pool.counters().done();
  }
  return done;
}

void CommandTest::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
}

std::string CommandTest::content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void CommandTest::Terminal::read() {
  char piece[4096];
  for (;;) {
    const ssize_t size = ::read(ours.get(), piece, sizeof piece);
    if (size <= 0) return;
    said.append(piece, static_cast<std::size_t>(size));
  }
}

CommandTest::Terminal CommandTest::open_terminal(unsigned short columns) {
  Terminal terminal;
  terminal.ours = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(::grantpt(terminal.ours.get()), 0);
  EXPECT_EQ(::unlockpt(terminal.ours.get()), 0);
  char name[128] = {};
  EXPECT_EQ(::ptsname_r(terminal.ours.get(), name, sizeof name), 0);
  terminal.theirs = UniqueFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  const winsize size{10, columns, 0, 0};
  EXPECT_EQ(::ioctl(terminal.theirs.get(), TIOCSWINSZ, &size), 0);
  return terminal;
}

}  // namespace ringmaster
