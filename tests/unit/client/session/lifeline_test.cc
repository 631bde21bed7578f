#include "client/session/lifeline.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"

namespace ringmaster::client {
namespace {

/// A lifeline whose SIGPIPE would end this program, as it does a customer's.
class LifelineTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    daemon_.reset(ends[0]);
    client_.reset(ends[1]);
    disposition_ = ::signal(SIGPIPE, SIG_DFL);
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_UNBLOCK, &pipe, &mask_);
  }
  void TearDown() override {
    ::signal(SIGPIPE, disposition_);
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  static bool pending() {
    sigset_t set;
    ::sigpending(&set);
    return ::sigismember(&set, SIGPIPE) == 1;
  }
  static bool blocked() {
    sigset_t set;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &set);
    return ::sigismember(&set, SIGPIPE) == 1;
  }
  static void block() {
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  }
  [[nodiscard]] bool heard() const {
    pollfd look{daemon_.get(), POLLIN, 0};
    return ::poll(&look, 1, 0) == 1 && (look.revents & POLLIN) != 0;
  }

  UniqueFd daemon_, client_;

 private:
  sighandler_t disposition_ = SIG_DFL;
  sigset_t mask_{};
};

TEST_F(LifelineTest, TheFarewellIsHeardByTheReader) {
  EXPECT_FALSE(daemon_let_go(client_.get()));
  write_farewell(client_.get());
  EXPECT_TRUE(heard());
}

TEST_F(LifelineTest, AFarewellToADaemonThatIsGoneKillsNobody) {
  daemon_.reset();
  EXPECT_TRUE(daemon_let_go(client_.get()));
  write_farewell(client_.get());
  EXPECT_FALSE(pending());
  EXPECT_FALSE(blocked());
}

TEST_F(LifelineTest, LeavesNoSignalBehindWhereTheCallerBlocksIt) {
  block();
  daemon_.reset();
  write_farewell(client_.get());
  EXPECT_FALSE(pending());
  EXPECT_TRUE(blocked());
}

TEST_F(LifelineTest, ASignalThatTheCallerHasPendingStaysPending) {
  block();
  ::raise(SIGPIPE);
  write_farewell(client_.get());
  EXPECT_TRUE(heard());
  EXPECT_TRUE(pending());
  daemon_.reset();
  write_farewell(client_.get());
  EXPECT_TRUE(pending());
  ::signal(SIGPIPE, SIG_IGN);  // which takes it away, before it is let through
}

TEST_F(LifelineTest, AFullPipeIsNotWaitedFor) {
  while (::write(client_.get(), "x", 1) == 1) {
  }
  write_farewell(client_.get());
  EXPECT_TRUE(heard());
}

TEST_F(LifelineTest, NoneIsNotGone) { EXPECT_FALSE(daemon_let_go(-1)); }

}  // namespace
}  // namespace ringmaster::client
