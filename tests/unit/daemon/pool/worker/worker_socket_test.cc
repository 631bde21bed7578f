#include "daemon/pool/worker/worker_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control/socket/listener.h"
#include "daemon/os/scm_rights.h"
#include "proto/stranger.h"
#include "tests/testing/fake_loop.h"

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
    loop_.poll();
    ASSERT_EQ(messages_, 3);
    messages_ = 0;
  }

  testing::FakeLoop loop_;
  std::unique_ptr<WorkerProcess> worker_;
  int messages_ = 0;
  std::vector<std::string> broken_;
};

TEST_F(WorkerSocketTest, AMessageOutOfTurnEndsTheReadingOnce) {
  become_ready();
  ASSERT_TRUE(say(worker_link::encode(worker_link::Hello{worker_link::kAbiVersion, 1})));
  ASSERT_TRUE(say(worker_link::encode(worker_link::Hello{worker_link::kAbiVersion, 1})));
  loop_.poll();
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
    while (messages_ == before) loop_.poll_one();
    ++turns;
    EXPECT_LE(messages_ - before, 16);
  }
  EXPECT_GT(sent, 16);
  loop_.poll();
  EXPECT_EQ(messages_, sent);
  EXPECT_TRUE(broken_.empty());
}

TEST_F(WorkerSocketTest, AnUnreadablePacketEndsTheReadingOnce) {
  const std::array<std::byte, 3> garbage{};
  ASSERT_TRUE(say(garbage));
  ASSERT_TRUE(say(garbage));
  ASSERT_TRUE(say(worker_link::encode(worker_link::Ready{})));
  loop_.poll();
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

// A close may take as long as the worker likes.
TEST_F(WorkerSocketTest, WhereOneComesTheReadingEndsAndTheCloserGetsIt) {
  wire::allow_descriptors(worker_->fds().socket.get());  // as before Linux 6.16
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd held(ends[0]);
  UniqueFd passed(ends[1]);
  const int fd = passed.get();
  const auto ready = worker_link::encode(worker_link::Ready{});
  ASSERT_EQ(send_packet(worker_->child_ends().socket.get(), ready, {&fd, 1}), 0);
  passed.reset();
  loop_.poll();
  EXPECT_EQ(broken_.size(), 1U);
  EXPECT_EQ(messages_, 0);
  pollfd look{held.get(), 0, 0};
  EXPECT_EQ(::poll(&look, 1, 0), 0) << "not by the loop";
  loop_.fake_closer().run_all();
  EXPECT_EQ(::poll(&look, 1, 0), 1);
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
