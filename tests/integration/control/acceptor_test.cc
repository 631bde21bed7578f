#include "daemon/control/acceptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace ringmaster {
namespace {

/// Two sockets that a client can come to, and a process that can be left without any descriptor.
class AcceptorTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{60};

  void SetUp() override {
    char name[] = "/tmp/ringmaster-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit_), 0);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer needs descriptors of its own: it looks at memory by a pipe";
#endif
    // So that a full table is soon reached.
    const rlimit low{256, limit_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  }
  void TearDown() override {
    fillers_.clear();
    ::setrlimit(RLIMIT_NOFILE, &limit_);
    std::filesystem::remove_all(folder_);
  }

  UniqueFd listener(const std::string& name) const {
    UniqueFd made = fresh();
    const sockaddr_un address = at(name);
    EXPECT_EQ(::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(made.get(), 16), 0);
    return made;
  }
  UniqueFd client(const std::string& name) const {
    UniqueFd made = fresh();
    const sockaddr_un address = at(name);
    EXPECT_EQ(::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return made;
  }
  void take_all_descriptors() {
    for (;;) {
      UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!one) break;
      fillers_.push_back(std::move(one));
    }
    ASSERT_EQ(errno, EMFILE);
  }
  template <typename Condition>
  void until(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < end) context_.run_for(std::chrono::milliseconds{5});
    ASSERT_TRUE(condition());
  }
  // What has come, without waiting for it.
  static std::string said_to(const UniqueFd& client) {
    char text[4096];
    const ssize_t got = ::recv(client.get(), text, sizeof text, MSG_DONTWAIT | MSG_PEEK);
    return got > 0 ? std::string(text, static_cast<std::size_t>(got)) : std::string();
  }
  static bool was_refused(const UniqueFd& client) {
    return said_to(client).find("no descriptor left") != std::string::npos;
  }

  boost::asio::io_context context_;
  daemon::EventLoop loop_{context_};
  std::vector<UniqueFd> taken_;
  std::vector<UniqueFd> fillers_;

 private:
  static UniqueFd fresh() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  sockaddr_un at(const std::string& name) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/" + name;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
  }

  std::string folder_;
  rlimit limit_{};
};

TEST_F(AcceptorTest, WhoComesWhenNoDescriptorIsLeftIsToldSo) {
  daemon::Acceptor acceptor(loop_, listener("a"), [this](UniqueFd socket) { taken_.push_back(std::move(socket)); });
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(client("a"));
  take_all_descriptors();
  until([&] { return std::ranges::all_of(clients, was_refused); });
  EXPECT_TRUE(taken_.empty());
  fillers_.clear();
  const UniqueFd next = client("a");
  until([&] { return taken_.size() == 1; });
  EXPECT_EQ(said_to(next), "");
}

TEST_F(AcceptorTest, WhoWaitsAtTheOldSocketIsHeardBeforeTheNewOneIsServed) {
  daemon::Acceptor acceptor(loop_, listener("a"), [this](UniqueFd socket) { taken_.push_back(std::move(socket)); });
  UniqueFd successor = listener("b");
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(client("a"));
  const UniqueFd later = client("b");
  take_all_descriptors();
  acceptor.listen_on(std::move(successor));
  until([&] { return std::ranges::all_of(clients, was_refused); });
  fillers_.clear();
  until([&] { return taken_.size() == 1; });
}

}  // namespace
}  // namespace ringmaster
