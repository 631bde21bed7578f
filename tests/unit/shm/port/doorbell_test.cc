#include "shm/port/doorbell.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <vector>

namespace ringmaster::shm {
namespace {

/// Watches a bell as a parked worker does.
class Watcher {
 public:
  explicit Watcher(int bell) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE;
    EXPECT_EQ(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell, &event), 0);
  }
  [[nodiscard]] bool was_woken() const {
    epoll_event event{};
    return ::epoll_wait(epoll_.get(), &event, 1, 0) == 1;
  }

 private:
  UniqueFd epoll_;
};

void fill(int end) {
  const std::vector<char> bytes(1 << 16);
  while (::write(end, bytes.data(), bytes.size()) > 0) {
  }
}

TEST(Doorbell, EachRingWakesAWatcherThoughNobodyReads) {
  const UniqueFd bell = create_doorbell().value();
  const Watcher watcher(bell.get());
  EXPECT_FALSE(watcher.was_woken());
  // Many times what the pipe holds.
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(ring_doorbell(bell.get()));
    ASSERT_TRUE(watcher.was_woken()) << i;
    ASSERT_FALSE(watcher.was_woken()) << i;
  }
}

TEST(Doorbell, WhoeverFillsItAndLetsItsOwnEndBlockHoldsNobodyUp) {
  const UniqueFd shared = create_doorbell().value();
  const UniqueFd hostile = open_doorbell_anew(shared.get()).value();
  const UniqueFd own = open_doorbell_anew(shared.get()).value();
  const Watcher watcher(shared.get());
  for (const int bytes : {4096, 1 << 16, 1 << 20}) {
    ::fcntl(hostile.get(), F_SETPIPE_SZ, bytes);
    fill(hostile.get());
    for (const int end : {hostile.get(), shared.get()}) ASSERT_EQ(::fcntl(end, F_SETFL, 0), 0);
    (void)watcher.was_woken();
    EXPECT_TRUE(ring_doorbell(own.get()));
    EXPECT_TRUE(watcher.was_woken()) << bytes;
    ASSERT_EQ(::fcntl(hostile.get(), F_SETFL, O_NONBLOCK), 0);
  }
}

TEST(Doorbell, ADescriptorThatIsNoneIsToldOf) {
  EXPECT_FALSE(ring_doorbell(-1));
  EXPECT_FALSE(open_doorbell_anew(-1));
}

}  // namespace
}  // namespace ringmaster::shm
