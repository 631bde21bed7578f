#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

class DaemonSuccession : public DaemonTest {
 protected:
  static std::size_t descriptors(pid_t pid) {
    std::error_code gone;
    const std::filesystem::directory_iterator fds("/proc/" + std::to_string(pid) + "/fd", gone);
    return gone ? 0 : static_cast<std::size_t>(std::distance(begin(fds), std::filesystem::directory_iterator()));
  }
  /// A job that goes as a message, so through a session of the supervisor's own; its outcome is read.
  void live() {
    ConnectOptions options;
    options.socket = socket_;
    Result<Client> client = Client::connect(options);
    ASSERT_TRUE(client);
    const std::string text = "x";
    const auto outcome = client->run("t", "echo", std::as_bytes(std::span(text)));
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->text(), "x") << outcome->describe();
    ASSERT_TRUE(client->handlers());  // answered after the supervisor has seen the job's connection close
  }
};

TEST_F(DaemonSuccession, SupervisorsThatDieLeaveNoSessionBehind) {
  start();
  for (int life = 0; life < 2; ++life) {
    live();
    replace_supervisor();
  }
  live();
  const std::size_t keeper = descriptors(keeper_);
  const std::size_t own = descriptors(supervisor());
  for (int life = 0; life < 12; ++life) {
    replace_supervisor();
    live();
  }
  // Sooner than outcomes that nobody has read would go.
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (descriptors(keeper_) > keeper || descriptors(supervisor()) > own) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit) << "keeper " << keeper << " → " << descriptors(keeper_)
                                                       << ", supervisor " << own << " → " << descriptors(supervisor());
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

}  // namespace
}  // namespace ringmaster
