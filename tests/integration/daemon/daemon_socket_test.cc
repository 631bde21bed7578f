#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "base/unique_fd.h"
#include "proto/socket_path.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

namespace fs = std::filesystem;

class DaemonSocket : public DaemonTest {
 protected:
  bool reachable() const {
    ConnectOptions options;
    options.socket = socket_;
    return Client::connect(options).has_value();
  }
  static UniqueFd listen_at(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), 8), 0);
    return fd;
  }
  // As a service manager starts it.
  void start_on(const UniqueFd& listener) {
    before_exec_ = [fd = listener.get()] {
      ::dup2(fd, 3);
      ::setenv("LISTEN_FDS", "1", 1);
      ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    };
    start();
  }
  std::size_t said(const std::string& what) const {
    const std::string text = log();
    std::size_t times = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++times;
    return times;
  }
};

TEST_F(DaemonSocket, ComesBackWhenItIsRemoved) {
  start();
  Session session = open();
  for (std::size_t time = 1; time <= 2; ++time) {
    fs::remove(socket_);
    eventually("it is bound again", [&] { return reachable(); });
    EXPECT_EQ(said("bound again"), time);
  }
  EXPECT_EQ(run(session, "echo", {}, {}, "as before").text(), "as before");
}

TEST_F(DaemonSocket, ComesBackUnderASuccessorToo) {
  start();
  replace_supervisor();
  eventually("it serves", [&] { return reachable(); });
  fs::remove(socket_);
  eventually("it is bound again", [&] { return reachable(); });
  replace_supervisor();
  eventually("the next one has the new socket", [&] { return reachable(); });
}

TEST_F(DaemonSocket, RemovedWithItsLockIsStillTheFirstDaemons) {
  start();
  fs::remove(socket_ + ".lock");
  fs::remove(socket_);
  eventually("both are back", [&] { return fs::exists(socket_ + ".lock") && reachable(); });
  std::string output;
  EXPECT_EQ(run_second(output), 73);
  EXPECT_NE(output.find("process " + std::to_string(keeper_) + ")"), std::string::npos) << output;
  EXPECT_NE(output.find("kill " + std::to_string(keeper_)), std::string::npos) << output;
  EXPECT_NE(output.find("ringmaster --socket " + socket_ + " stop"), std::string::npos) << output;
  fs::remove(socket_ + ".lock");
  eventually("the lock alone is taken again", [&] { return fs::exists(socket_ + ".lock"); });
}

TEST_F(DaemonSocket, FollowsItsFolder) {
  const std::string place = folder_ + "/place";
  fs::create_directory(place);
  socket_ = place + "/d.sock";
  start();
  fs::rename(place, folder_ + "/moved");
  eventually("it is said", [&] { return said("the folder of the daemon's socket is gone") == 1; });
  fs::create_directory(place);
  eventually("it is bound again", [&] { return reachable(); });
}

TEST_F(DaemonSocket, LeavesAloneWhatOthersPutInItsPlace) {
  start();
  const UniqueFd other = listen_at(socket_ + ".other");
  fs::rename(socket_ + ".other", socket_);
  eventually("it is said", [&] { return said("somebody else listens") == 1; });
  ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
  EXPECT_EQ(wait_keeper(), 0);
  EXPECT_TRUE(fs::exists(socket_));
  EXPECT_FALSE(fs::exists(socket_ + ".lock"));
}

TEST_F(DaemonSocket, OfTheServiceManagerTellsWhetherItIsServed) {
  const UniqueFd listener = listen_at(socket_);
  EXPECT_FALSE(wire::would_start_service(socket_)) << "nothing is known yet";
  start_on(listener);
  EXPECT_FALSE(wire::would_start_service(socket_));
  replace_supervisor();
  EXPECT_FALSE(wire::would_start_service(socket_));
  ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
  EXPECT_EQ(wait_keeper(), 0);
  EXPECT_TRUE(fs::exists(socket_)) << "it is not the daemon's";
  EXPECT_TRUE(wire::would_start_service(socket_));
}

TEST_F(DaemonSocket, OfTheServiceManagerIsBoundAgainForThoseWhomItLetIn) {
  const UniqueFd listener = listen_at(socket_);
  ASSERT_EQ(::chmod(socket_.c_str(), 0640), 0);
  start_on(listener);
  fs::remove(socket_);
  eventually("it is bound again", [&] { return reachable(); });
  struct stat facts {};
  ASSERT_EQ(::stat(socket_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0640U);
  replace_supervisor();
  eventually("the successor has it", [&] { return reachable(); });
}

}  // namespace
}  // namespace ringmaster
