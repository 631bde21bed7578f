#include "daemon/os/scm_rights.h"

#include "base/link_error.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

namespace ringmaster::daemon {
namespace {

class ScmRights : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    near_ = UniqueFd(ends[0]);
    far_ = UniqueFd(ends[1]);
  }
  int send(const std::string& text, const std::vector<int>& fds = {}) {
    return send_packet(near_.get(), std::as_bytes(std::span(text)), fds);
  }
  std::array<std::byte, 64> buffer_{};
  UniqueFd near_;
  UniqueFd far_;
};

TEST_F(ScmRights, CarriesBytesAndDescriptorsCloseOnExec) {
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(send("hello", {file.get(), near_.get()}), 0);
  const ReceivedPacket packet = receive_packet(far_.get(), buffer_);
  EXPECT_EQ(packet.error, 0);
  EXPECT_EQ(packet.size, 5u);
  ASSERT_EQ(packet.fd_count, 2u);
  EXPECT_EQ(::fcntl(packet.fds[0].get(), F_GETFD), FD_CLOEXEC);
  struct stat sent {};
  struct stat got {};
  ::fstat(file.get(), &sent);
  ::fstat(packet.fds[0].get(), &got);
  EXPECT_EQ(sent.st_rdev, got.st_rdev);
  EXPECT_FALSE(packet.truncated);
  EXPECT_FALSE(packet.fds_truncated);
}

TEST_F(ScmRights, TellsNothingWaitingFromPeerGone) {
  EXPECT_EQ(receive_packet(far_.get(), buffer_).error, EAGAIN);
  near_.reset();
  EXPECT_EQ(receive_packet(far_.get(), buffer_).error, ECONNRESET);
  const std::string text = "x";
  EXPECT_EQ(send_packet(far_.get(), std::as_bytes(std::span(text))), EPIPE) << "and no SIGPIPE";
}

TEST_F(ScmRights, TellsAPacketThatWasTooLarge) {
  ASSERT_EQ(send(std::string(65, 'x')), 0);
  EXPECT_TRUE(receive_packet(far_.get(), buffer_).truncated);
}

TEST_F(ScmRights, TellsDescriptorsThatWereLostAndLeaksNone) {
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(send("x", {file.get(), file.get(), file.get()}), 0);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const UniqueFd probe(::dup(0));
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(probe.get()) + 2;  // room for one or two more, not for three
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const ReceivedPacket packet = receive_packet(far_.get(), buffer_);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(packet.fds_truncated);
  EXPECT_LT(packet.fd_count, 3u);
}

TEST_F(ScmRights, AFullQueueIsEagain) {
  const std::string big(32'768, 'x');
  int error = 0;
  for (int i = 0; i < 10'000 && error == 0; ++i) error = send(big);
  EXPECT_EQ(error, EAGAIN);
}

TEST(LinkErrors, WhatNobodyHasThoughtOfIsNoSignOfAPeerThatIsGone) {
  for (const int error :
       {0, EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS, EMFILE, ENFILE, EPERM, EIO, ENOSPC, ENOSYS, EINTR}) {
    EXPECT_FALSE(link_is_dead(error)) << error;
  }
  for (const int error : {EPIPE, ECONNRESET, EBADF, ENOTCONN, EMSGSIZE}) EXPECT_TRUE(link_is_dead(error)) << error;
}

}  // namespace
}  // namespace ringmaster::daemon
