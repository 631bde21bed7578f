#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/integration/cli/command_fixture.h"

namespace ringmaster {
namespace {

class CliStop : public CommandTest {
 protected:
  /// A daemon as a service manager starts it by its socket.
  [[nodiscard]] pid_t start_by_socket() {
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM, 0));  // survives exec
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    const pid_t keeper = ::fork();
    if (keeper != 0) return keeper;
    ::dup2(listener_.get(), 3);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::execl(RINGMASTERD, RINGMASTERD, "--socket", socket_.c_str(), nullptr);
    ::_exit(127);
  }
  UniqueFd listener_;
};

TEST_F(CliStop, SaysThatTheSocketUnitWillStartItAgain) {
  const pid_t keeper = start_by_socket();
  const Ended stopped = call({"stop"});
  EXPECT_EQ(stopped.code, 0) << stopped.errors;
  EXPECT_NE(stopped.out.find("socket unit"), std::string::npos) << stopped.out;
  int status = 0;
  ASSERT_EQ(::waitpid(keeper, &status, 0), keeper);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(CliStop, PromisesNothingOfASocketOfItsOwn) {
  start_default();
  const Ended stopped = call({"stop"});
  EXPECT_EQ(stopped.out, "the daemon is stopping\n");
  EXPECT_EQ(wait_keeper(), 0);
}

}  // namespace
}  // namespace ringmaster
