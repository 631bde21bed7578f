#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/control/test_client.h"

namespace ringmaster {
namespace {

/// A daemon that is started by its socket, as a service manager does it, and cannot serve.
TEST(DaemonRefusal, WhoWaitsOnThePassedSocketOfABrokenConfigurationHearsWhy) {
  std::string folder = std::filesystem::temp_directory_path() / "ringmaster-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/d.sock";
  const std::string config = folder + "/broken.toml";
  std::ofstream(config) << "[pool.images]\nwrokers = 2\n";
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM, 0));  // survives exec
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  testing::TestClient client(path, false);

  const pid_t keeper = ::fork();
  if (keeper == 0) {
    ::dup2(listener.get(), 3);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::execl(RINGMASTERD, RINGMASTERD, "--config", config.c_str(), nullptr);
    ::_exit(127);
  }
  const auto reply = client.receive();
  ASSERT_TRUE(reply.has_value());
  EXPECT_NE(reply->error().message().find("wrokers"), std::string::npos) << reply->error().message();
  int status = 0;
  ASSERT_EQ(::waitpid(keeper, &status, 0), keeper);
  EXPECT_EQ(WEXITSTATUS(status), 78);
  EXPECT_TRUE(std::filesystem::exists(path)) << "the socket is the service manager's";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ringmaster
