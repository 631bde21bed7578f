#include "tests/integration/keeper/keeper_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "daemon/os/scm_rights.h"
#include "tests/integration/keeper/keeper_stage.h"

namespace ringmaster::keeper {
namespace {

std::vector<std::byte> buffer(kMaxMessage + 65536 * 16);

daemon::ReceivedPacket receive_patiently(int socket, std::chrono::seconds patience) {
  pollfd watched{socket, POLLIN, 0};
  if (::poll(&watched, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) != 1)
    throw std::runtime_error("nothing came");
  return daemon::receive_packet(socket, buffer);
}

}  // namespace

std::pair<UniqueFd, UniqueFd> make_pipe() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void KeeperTest::SetUp() {
  char name[] = "/tmp/ringmaster-keeper-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  folder_ = name;
  listener_ = UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::strcpy(where.sun_path, (folder_ + "/test").c_str());
  ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  ASSERT_EQ(::listen(listener_.get(), 16), 0);
}

void KeeperTest::TearDown() {
  if (keeper_ != 0) {
    ::kill(keeper_, SIGKILL);
    wait_keeper();
  }
  listener_.reset();
  ::unlink((folder_ + "/test").c_str());
  EXPECT_EQ(::rmdir(folder_.c_str()), 0) << folder_ << ": something was left in it";
}

void KeeperTest::start(const std::vector<std::string>& environment, int pass_fd) {
  const std::string program = keeper_stage() + "/ringmasterd";
  const std::string config = folder_ + "/test";
  keeper_ = ::fork();
  ASSERT_GE(keeper_, 0);
  if (keeper_ != 0) return;
  for (const std::string& variable : environment) ::putenv(::strdup(variable.c_str()));
  if (pass_fd >= 0) {
    ::dup2(pass_fd, 3);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  }
  if (before_exec_) before_exec_();
  ::execl(program.c_str(), "ringmasterd", "--config", config.c_str(), nullptr);
  ::_exit(127);
}

Puppet KeeperTest::next_supervisor() {
  Puppet puppet;
  pollfd watched{listener_.get(), POLLIN, 0};
  if (::poll(&watched, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1)
    throw std::runtime_error("no supervisor came");
  puppet.socket = UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  daemon::ReceivedPacket hello = receive_patiently(puppet.socket.get(), kPatience);
  const std::string text(reinterpret_cast<const char*>(buffer.data()) + 1, hello.size - 1);
  int cold = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%d %u %d", &puppet.pid, &puppet.ordinal, &cold), 3) << text;
  puppet.cold = cold != 0;
  daemon::ReceivedPacket table = receive_patiently(puppet.socket.get(), kPatience);
  puppet.table = decode_inherited_table(std::span(buffer).subspan(1, table.size - 1)).value();
  for (std::size_t i = 0; i < table.fd_count; ++i) puppet.inherited.push_back(std::move(table.fds[i]));
  events_.clear();
  return puppet;
}

void KeeperTest::order(Puppet& puppet, char letter, const std::string& text) {
  const std::string packet = letter + text;
  ASSERT_EQ(daemon::send_packet(puppet.socket.get(), std::as_bytes(std::span(packet))), 0);
}

void KeeperTest::send(Puppet& puppet, const Packet& packet, const std::vector<int>& fds) {
  std::vector<std::byte> bytes{static_cast<std::byte>('K')};
  bytes.insert(bytes.end(), packet.begin(), packet.end());
  ASSERT_EQ(daemon::send_packet(puppet.socket.get(), bytes, fds), 0);
}

void KeeperTest::receive_event(Puppet& puppet) {
  daemon::ReceivedPacket packet = receive_patiently(puppet.socket.get(), kPatience);
  if (packet.error != 0) throw std::runtime_error("the supervisor is gone");
  Received received{decode_keeper_event(std::span(buffer).subspan(1, packet.size - 1)).value(), {}};
  for (std::size_t i = 0; i < packet.fd_count; ++i) received.fds.push_back(std::move(packet.fds[i]));
  events_.push_back(std::move(received));
}

SpawnedMessage KeeperTest::spawn(Puppet& puppet, std::uint32_t worker, std::vector<std::string> arguments,
                                 const std::function<void(SpawnSpec&)>& change) {
  auto [read_end, write_end] = make_pipe();
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  SpawnSpec spec;
  spec.worker = worker;
  spec.incarnation = 1;
  spec.path = keeper_stage() + "/unruly-worker";
  spec.argv = std::move(arguments);
  spec.argv.insert(spec.argv.begin(), "ringmaster-worker: test[0]");
  spec.env = {"GREETING=hello"};
  spec.fd_count = 3;
  if (change) change(spec);
  std::vector<int> fds(spec.fd_count, null.get());
  fds[1] = write_end.get();
  if (spec.has_cgroup) fds.push_back(cgroup_);
  send(puppet, encode_spawn(worker, spec).value(), fds);
  output_ = std::move(read_end);
  return expect<SpawnedMessage>(puppet);
}

std::string KeeperTest::output() {
  std::string text;
  char bytes[4096];
  for (;;) {
    pollfd watched{output_.get(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1)
      throw std::runtime_error("a writer lives on; so far: " + text);
    const ssize_t got = ::read(output_.get(), bytes, sizeof bytes);
    if (got <= 0) return text;
    text.append(bytes, static_cast<std::size_t>(got));
  }
}

int KeeperTest::wait_keeper() {
  int status = 0;
  eventually("the keeper ends", [&] { return ::waitpid(keeper_, &status, WNOHANG) == keeper_; });
  keeper_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void KeeperTest::eventually(const std::string& what, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("not so after a minute: " + what);
    ::usleep(2000);
  }
}

}  // namespace ringmaster::keeper
