#include "daemon/keeper/owner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace ringmaster::keeper {
namespace {

struct Ends {
  UniqueFd ours, theirs;
};
Ends a_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}
Ends a_pair(int type) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}
std::string wrong(const std::string& number, int listen_fds = 0) {
  Owner owner;
  const char* const why = owner.take(number.c_str(), listen_fds);
  EXPECT_EQ(owner.given(), why == nullptr);
  return why == nullptr ? "" : why;
}
/// Gives the owner a descriptor that it takes over.
void take(Owner& owner, UniqueFd fd) {
  const std::string number = std::to_string(fd.release());
  EXPECT_EQ(owner.take(number.c_str(), 0), nullptr);
}

TEST(Owner, IsGoneWhenItsEndIsClosedAndNotBefore) {
  for (const int type : {0, int{SOCK_STREAM}, int{SOCK_SEQPACKET}}) {
    Ends ends = type == 0 ? a_pipe() : a_pair(type);
    Owner owner;
    take(owner, std::move(ends.ours));
    EXPECT_FALSE(owner.gone());
    ASSERT_EQ(::write(ends.theirs.get(), "x", 1), 1);
    EXPECT_FALSE(owner.gone()) << "what it says is not listened to";
    ends.theirs.reset();
    EXPECT_TRUE(owner.gone());
  }
}

TEST(Owner, HalfAHangUpIsOne) {
  Ends ends = a_pair(SOCK_STREAM);
  Owner owner;
  take(owner, std::move(ends.ours));
  ASSERT_EQ(::shutdown(ends.theirs.get(), SHUT_WR), 0);
  EXPECT_TRUE(owner.gone());
}

TEST(Owner, ThereIsNoneUnlessItIsGiven) {
  const Owner owner;
  EXPECT_FALSE(owner.given());
  EXPECT_FALSE(owner.gone());
}

TEST(Owner, LeavesItsNumberFreeAndNothingToWhoIsStarted) {
  Ends ends = a_pipe();
  const int number = ends.ours.get();
  Owner owner;
  take(owner, std::move(ends.ours));
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_EQ(::fcntl(owner.fd(), F_GETFD), FD_CLOEXEC);
}

TEST(Owner, WhatWouldNeverHangUpIsRefused) {
  const Ends pipe = a_pipe();
  EXPECT_NE(wrong(std::to_string(pipe.theirs.get())).find("open for writing"), std::string::npos);
  const Ends datagrams = a_pair(SOCK_DGRAM);
  EXPECT_NE(wrong(std::to_string(datagrams.ours.get())).find("without a connection"), std::string::npos);
  const UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listening.get(), std::array<sockaddr, 1>{sockaddr{AF_UNIX, {}}}.data(), sizeof(sa_family_t)), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  EXPECT_NE(wrong(std::to_string(listening.get())).find("listening"), std::string::npos);
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_NE(wrong(std::to_string(file.get())).find("neither a pipe nor a socket"), std::string::npos);
}

TEST(Owner, WhatIsNoDescriptorOrAnothersIsRefused) {
  for (const char* number : {"", "x", "7x", "-1", "99999999999999999999"}) {
    EXPECT_NE(wrong(number).find("no number"), std::string::npos) << number;
  }
  EXPECT_NE(wrong("1000").find("not open"), std::string::npos);
  EXPECT_NE(wrong("1").find("the log's"), std::string::npos);
  EXPECT_NE(wrong("2").find("the log's"), std::string::npos);
  const Ends pipe = a_pipe();
  EXPECT_NE(wrong(std::to_string(pipe.ours.get()), pipe.ours.get()).find("LISTEN_FDS"), std::string::npos);
}

}  // namespace
}  // namespace ringmaster::keeper
