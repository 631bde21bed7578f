#include "proto/fd_passing.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

#include "proto/stranger.h"
#include "tests/testing/send_along.h"

namespace ringmaster::wire {
namespace {

struct Pair {
  UniqueFd a;
  UniqueFd b;
  explicit Pair(int type) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
    a.reset(ends[0]);
    b.reset(ends[1]);
  }
};

const std::array<std::byte, 3> kBytes{std::byte{1}, std::byte{2}, std::byte{3}};

TEST(FdPassing, BytesAndDescriptorsArriveTogetherAndCloexec) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
    Pair pair(type);
    const std::array<int, 2> fds{0, pair.a.get()};
    EXPECT_EQ(*send_with_fds(pair.a.get(), kBytes, fds), 3U);
    std::array<std::byte, 16> buffer{};
    const auto received = receive_with_fds(pair.b.get(), buffer);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->size, 3U);
    ASSERT_EQ(received->fds.size(), 2U);
    EXPECT_NE(::fcntl(received->fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
    struct stat ours {};
    struct stat theirs {};
    ASSERT_EQ(::fstat(pair.a.get(), &ours), 0);
    ASSERT_EQ(::fstat(received->fds[1].get(), &theirs), 0);
    EXPECT_EQ(ours.st_ino, theirs.st_ino);
  }
}

TEST(FdPassing, APacketThatDoesNotFitIsAnError) {
  Pair pair(SOCK_SEQPACKET);
  ASSERT_TRUE(send_with_fds(pair.a.get(), kBytes, {}));
  std::array<std::byte, 2> small{};
  const auto received = receive_with_fds(pair.b.get(), small);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, EMSGSIZE);
}

TEST(FdPassing, MoreDescriptorsThanAllowedAreAnErrorAndAreClosed) {
  Pair pair(SOCK_STREAM);
  std::array<int, kMaxPassedFds + 1> fds{};
  ASSERT_EQ(testing::send_along(pair.a.get(), "x", fds), 0);
  const int before = ::dup(0);
  ::close(before);
  std::array<std::byte, 16> buffer{};
  const auto received = receive_with_fds(pair.b.get(), buffer);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, EMSGSIZE);
  const int after = ::dup(0);
  ::close(after);
  EXPECT_EQ(before, after) << "a descriptor was left open";
}

TEST(FdPassing, AStrangersDescriptorsAllArriveHoweverManyTheyAre) {
  Pair pair(SOCK_SEQPACKET);
  std::array<int, 253> fds{};
  for (const bool fits : {true, false}) {
    ASSERT_EQ(testing::send_along(pair.a.get(), "four", fds), 0);
    std::array<std::byte, 16> buffer{};
    const auto received = receive_from_stranger(pair.b.get(), std::span(buffer).first(fits ? 16 : 2));
    ASSERT_TRUE(received);
    EXPECT_EQ(received->fds.size(), 253U) << "also where the packet is cut";
    EXPECT_EQ(received->cut, !fits);
  }
}

TEST(FdPassing, WhereTheKernelCanItSendsNoneToWhoRefusesThem) {
  Pair pair(SOCK_SEQPACKET);
  if (!refuse_descriptors(pair.b.get())) GTEST_SKIP() << "needs SO_PASSRIGHTS, Linux 6.16";
  const std::array<int, 1> fds{0};
  EXPECT_EQ(send_with_fds(pair.a.get(), kBytes, fds).error().code, EPERM);
  EXPECT_TRUE(send_with_fds(pair.a.get(), kBytes, {}));
  EXPECT_TRUE(send_with_fds(pair.b.get(), kBytes, fds)) << "the other way goes on";
}

TEST(FdPassing, HangUpIsSizeZeroAndNothingThereIsEagain) {
  Pair pair(SOCK_STREAM);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(receive_with_fds(pair.b.get(), buffer, MSG_DONTWAIT).error().code, EAGAIN);
  pair.a.reset();
  EXPECT_EQ(receive_with_fds(pair.b.get(), buffer)->size, 0U);
}

}  // namespace
}  // namespace ringmaster::wire
