#include "daemon/pool/worker/worker_process.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "daemon/control/socket/listener.h"
#include "daemon/os/scm_rights.h"
#include "proto/stranger.h"
#include "tests/testing/slow_close.h"

namespace ringmaster::daemon {
namespace {

class WorkerSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = WorkerProcess::create({{1, 1}, 0, "t", 0});
    ASSERT_TRUE(created) << created.error().message;
    worker_ = std::move(*created);
    worker_->listen(
        loop_, [this](worker_link::ToSupervisor&&) { ++messages_; },
        [this](const std::string& what) { broken_.push_back(what); }, [](std::uint64_t intent) { return intent; });
  }
  /// As the worker: false when its queue is full.
  bool say(std::span<const std::byte> packet) const {
    return send_packet(worker_->child_ends().socket.get(), packet) == 0;
  }

  void become_ready() {
    ASSERT_TRUE(say(worker_link::encode(worker_link::Hello{worker_link::kAbiVersion, 1})));
    ASSERT_TRUE(say(worker_link::encode(worker_link::HandlersChunk{0, true, {}})));
    ASSERT_TRUE(say(worker_link::encode(worker_link::Ready{})));
    while (messages_ < 3) context_.run_one();
    messages_ = 0;
  }

  boost::asio::io_context context_;
  EventLoop loop_{context_};
  std::unique_ptr<WorkerProcess> worker_;
  int messages_ = 0;
  std::vector<std::string> broken_;
};

TEST_F(WorkerSocketTest, AMessageOutOfTurnEndsTheReadingOnce) {
  become_ready();
  ASSERT_TRUE(say(worker_link::encode(worker_link::Hello{worker_link::kAbiVersion, 1})));
  ASSERT_TRUE(say(worker_link::encode(worker_link::Hello{worker_link::kAbiVersion, 1})));
  while (broken_.empty()) context_.run_one();
  context_.poll();
  EXPECT_EQ(broken_, std::vector<std::string>{"it said hello a second time"});
  EXPECT_EQ(messages_, 0);
}

TEST_F(WorkerSocketTest, AFloodLeavesRoomForOthersInEveryTurn) {
  become_ready();
  const auto packet = worker_link::encode(worker_link::Leftovers{});
  int sent = 0;
  int turns = 0;
  for (int round = 0; round < 20; ++round) {
    while (say(packet)) ++sent;
    const int before = messages_;
    while (messages_ == before) context_.run_one();
    ++turns;
    EXPECT_LE(messages_ - before, 16);
  }
  EXPECT_GT(sent, 16);
  while (messages_ < sent) context_.run_one();
  EXPECT_TRUE(broken_.empty());
}

TEST_F(WorkerSocketTest, AnUnreadablePacketEndsTheReadingOnce) {
  const std::array<std::byte, 3> garbage{};
  ASSERT_TRUE(say(garbage));
  ASSERT_TRUE(say(garbage));
  ASSERT_TRUE(say(worker_link::encode(worker_link::Ready{})));
  while (broken_.empty()) context_.run_one();
  context_.poll();
  ASSERT_EQ(broken_.size(), 1U);
  EXPECT_NE(broken_[0].find("cannot be read"), std::string::npos) << broken_[0];
  EXPECT_EQ(messages_, 0);
}

TEST_F(WorkerSocketTest, WhereTheKernelCanItNoDescriptorComesFromAWorker) {
  const int fd = 0;
  const int error =
      send_packet(worker_->child_ends().socket.get(), worker_link::encode(worker_link::Ready{}), {&fd, 1});
  if (error == 0) GTEST_SKIP() << "needs SO_PASSRIGHTS, Linux 6.16";
  EXPECT_EQ(error, EPERM);
  become_ready();
  EXPECT_TRUE(broken_.empty());
}

TEST_F(WorkerSocketTest, WhereOneComesTheReadingEndsAndWhoMayWaitClosesIt) {
  wire::allow_descriptors(worker_->fds().socket.get());  // as before Linux 6.16
  testing::LingeringSocket lingering;
  const int fd = lingering.fd.get();
  const auto ready = worker_link::encode(worker_link::Ready{});
  ASSERT_EQ(send_packet(worker_->child_ends().socket.get(), ready, {&fd, 1}), 0);
  lingering.fd.reset();
  while (broken_.empty()) context_.run_one();
  EXPECT_EQ(messages_, 0);
}

TEST(ListenerFolder, IsMadeForEveryoneWhateverTheMask) {
  std::string root = ::testing::TempDir() + "/ringmaster-folder-XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const std::string folder = root + "/run";
  const mode_t before = ::umask(0077);
  make_socket_folder(folder + "/s.sock");
  ::umask(before);
  struct stat facts {};
  ASSERT_EQ(::stat(folder.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0755U);
  ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
  make_socket_folder(folder + "/s.sock");
  ASSERT_EQ(::stat(folder.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700U) << "one that is there is left alone";
  ::rmdir(folder.c_str());
  ::rmdir(root.c_str());
}

}  // namespace
}  // namespace ringmaster::daemon
