#include "daemon/loop/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "base/unique_fd.h"
#include "daemon/pool/work_bell.h"
#include "shm/port/doorbell.h"

namespace ringmaster {
namespace {

class EventLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    read_end_.reset(ends[0]);
    write_end_.reset(ends[1]);
  }
  void put() const { ASSERT_EQ(::write(write_end_.get(), "x", 1), 1); }
  void take() const {
    char byte = 0;
    (void)!::read(read_end_.get(), &byte, 1);
  }
  template <typename Condition>
  void until(Condition&& condition) {
    while (!condition()) context_.run_one();
  }

  boost::asio::io_context context_;
  daemon::EventLoop loop_{context_};
  UniqueFd read_end_;
  UniqueFd write_end_;
};

TEST_F(EventLoopTest, CallsAgainForAsLongAsThereIsSomethingToRead) {
  int called = 0;
  const daemon::FdWatch watch(loop_, read_end_.get(), [&] {
    if (++called == 3) take();
  });
  put();
  until([&] { return called == 3; });
  context_.poll();
  EXPECT_EQ(called, 3);
  put();
  until([&] { return called == 4; });
}

TEST_F(EventLoopTest, AWatchMayEndItselfAndOthersOfTheSameTurn) {
  const UniqueFd other(::fcntl(read_end_.get(), F_DUPFD_CLOEXEC, 0));
  int called = 0;
  std::unique_ptr<daemon::FdWatch> first;
  std::unique_ptr<daemon::FdWatch> second;
  const auto end = [&] {
    ++called;
    first.reset();
    second.reset();
  };
  first = std::make_unique<daemon::FdWatch>(loop_, read_end_.get(), end);
  second = std::make_unique<daemon::FdWatch>(loop_, other.get(), end);
  put();
  until([&] { return called != 0; });
  context_.poll();
  EXPECT_EQ(called, 1);
}

// A second watch of the same descriptor is one that the kernel refuses; no limit of the machine is needed for it.
TEST_F(EventLoopTest, ADescriptorThatTheKernelDoesNotWatchIsLookedAt) {
  int first = 0;
  int second = 0;
  auto watched = std::make_unique<daemon::FdWatch>(loop_, read_end_.get(), [&] { ++first; });
  const daemon::FdWatch refused(loop_, read_end_.get(), [&] {
    ++second;
    take();
  });
  put();
  until([&] { return second == 1; });
  EXPECT_GT(first, 0);
  // And when there is room again, the kernel tells.
  watched.reset();
  put();
  until([&] { return second == 2; });
  put();
  until([&] { return second == 3; });
}

TEST_F(EventLoopTest, SoIsABellOfASession) {
  auto bell = shm::create_doorbell();
  ASSERT_TRUE(bell);
  int rung = 0;
  daemon::WorkBell bells(loop_, [&] { ++rung; });
  bells.add(bell->get());
  bells.add(bell->get());
  bells.forget();
  bells.arm();
  EXPECT_TRUE(bells.armed());
  until([&] { return rung == 1; });
  EXPECT_FALSE(bells.armed());
  bells.remove(bell->get());
  bells.forget();
  bells.arm();
  ASSERT_TRUE(shm::ring_doorbell(bell->get()));
  until([&] { return rung == 2; });
}

}  // namespace
}  // namespace ringmaster
