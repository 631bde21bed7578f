#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "proto/fd_passing.h"
#include "worker/loop/control_link.h"

namespace ringmaster::worker {
namespace {

namespace link = worker_link;

/// A worker's link, and the supervisor at its other end, who says everything before it is asked.
class RoomQuestion : public ::testing::Test {
 protected:
  RoomQuestion() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    worker_.reset(ends[0]);
    supervisor_.reset(ends[1]);
    link_.emplace(worker_.get());
  }

  void say(const link::ToWorker& message) {
    const std::array fds{STDERR_FILENO};
    const std::size_t with = link::fds_of(message);
    ASSERT_TRUE(wire::send_with_fds(supervisor_.get(), link::encode(message), std::span(fds).first(with)));
  }
  [[nodiscard]] Result<ResultRoom::Given> ask() {
    link::AskRoom question;
    question.index = 3;
    question.serial = 7;
    question.seq = 9;
    question.needed = question.wished = 5000;
    return link_->ask(question);
  }
  /// The number of the next question that the supervisor reads; 0: there is none.
  [[nodiscard]] std::uint32_t asked() {
    std::array<std::byte, 256> buffer{};
    const auto packet = wire::receive_with_fds(supervisor_.get(), buffer, MSG_DONTWAIT);
    if (!packet || packet->size == 0) return 0;
    const auto message = link::decode_to_supervisor(std::span(buffer).first(packet->size), 0);
    if (!message) return 0;
    if (const auto* parcel = std::get_if<link::AskParcel>(&*message)) return parcel->number;
    return std::get<link::AskRoom>(*message).number;
  }

  UniqueFd worker_, supervisor_;
  std::optional<ControlLink> link_;
};

TEST_F(RoomQuestion, IsAnsweredWithTheFile) {
  say(link::Room{1, 8192});
  const auto given = ask();
  ASSERT_TRUE(given);
  EXPECT_EQ(given->bytes, 8192U);
  EXPECT_TRUE(given->file.valid());
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(asked(), 0U);
  say(link::NoRoom{2, "the quota is used up"});
  const auto none = ask();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "the quota is used up");
  EXPECT_FALSE(link_->keeps());
}

TEST_F(RoomQuestion, KeepsWhateverElseComesInItsOrder) {
  say(link::Detach{3, 7});
  say(link::Exit{});
  say(link::Room{1, 8192});
  EXPECT_TRUE(ask());
  EXPECT_TRUE(link_->keeps());
  say(link::Look{});
  EXPECT_TRUE(std::holds_alternative<link::Detach>(link_->receive().value()->message));
  EXPECT_TRUE(std::holds_alternative<link::Exit>(link_->receive().value()->message));
  EXPECT_FALSE(link_->keeps());
  EXPECT_TRUE(std::holds_alternative<link::Look>(link_->receive().value()->message));
  EXPECT_FALSE(link_->receive().value());
}

// A successor says Claiming first. Its predecessor may have died with the question, or after it had answered: that
// answer is out of date, because the successor makes a new file.
TEST_F(RoomQuestion, IsAskedAgainOfASuccessorWhoseAnswerCounts) {
  say(link::Claiming{false});
  say(link::Room{1, 4096});
  say(link::Room{2, 8192});
  const auto given = ask();
  ASSERT_TRUE(given);
  EXPECT_EQ(given->bytes, 8192U);
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(asked(), 2U);
  EXPECT_TRUE(std::holds_alternative<link::Claiming>(link_->receive().value()->message)) << "it is obeyed too";
}

TEST_F(RoomQuestion, ForAParcelIsAskedAndAnsweredAlike) {
  say(link::Claiming{false});
  say(link::Room{1, 4096});
  say(link::Room{2, 8192});
  link::AskParcel question;
  question.index = 3;
  question.serial = 7;
  question.seq = 9;
  question.parcel = 12;
  const auto given = link_->ask(question);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->bytes, 8192U);
  say(link::NoRoom{3, "its session does not have it"});
  const auto none = link_->ask(question);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "its session does not have it");
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(asked(), 2U);
  EXPECT_EQ(asked(), 3U);
}

TEST_F(RoomQuestion, EndsWithTheDaemon) {
  supervisor_.reset();
  EXPECT_FALSE(ask());
  EXPECT_TRUE(link_->keeps());
  EXPECT_FALSE(link_->receive()) << "the worker hears that the daemon is gone";
  EXPECT_TRUE(link_->closed());
}

TEST_F(RoomQuestion, EndsWithTheDaemonWhileItWaits) {
  say(link::Look{});
  ASSERT_EQ(::shutdown(supervisor_.get(), SHUT_WR), 0);
  EXPECT_FALSE(ask());
  EXPECT_TRUE(link_->receive().value()) << "what came before";
  EXPECT_FALSE(link_->receive());
  EXPECT_TRUE(link_->closed());
}

}  // namespace
}  // namespace ringmaster::worker
