#include "daemon/keeper/outbox.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/keeper/message_check.h"
#include "daemon/os/scm_rights.h"

namespace ringmaster::keeper {
namespace {

/// A link whose other end the test reads, when it wants to.
struct Link {
  Link() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    supervisor.link = UniqueFd(ends[0]);
    supervisor.pid = 0x7FFFFFF0;
    far = UniqueFd(ends[1]);
  }
  /// Until the link takes nothing any more.
  void fill() const {
    const std::byte junk[64]{};
    while (daemon::send_packet(supervisor.link.get(), junk) == 0) {
    }
  }
  void drain() {
    while (daemon::receive_packet(far.get(), buffer).error == 0) {
    }
  }
  template <typename Message>
  std::optional<Message> next() {
    const daemon::ReceivedPacket received = daemon::receive_packet(far.get(), buffer);
    if (received.error != 0) return std::nullopt;
    return read_message<Message>(std::span(buffer).first(received.size));
  }

  SupervisorProcess supervisor;
  UniqueFd far;
  std::unique_ptr<WorkerTable> workers = std::make_unique<WorkerTable>();
  BeatJudge judge;
  Outbox outbox{supervisor, *workers, judge};
  alignas(8) std::array<std::byte, kMaxMessage> buffer{};
};

TEST(Outbox, AnAnswerGoesOutAtOnce) {
  Link link;
  link.outbox.acknowledge(7, EBADMSG, 3);
  EXPECT_FALSE(link.outbox.owes_answer());
  const auto message = link.next<AckMessage>();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->serial, 7U);
  EXPECT_EQ(message->error, EBADMSG);
  EXPECT_EQ(message->value, 3U);
}

TEST(Outbox, AnAnswerWithoutRoomWaitsAndGoesOutBeforeAReport) {
  Link link;
  link.fill();
  link.outbox.acknowledge(7, 0);
  EXPECT_TRUE(link.outbox.owes_answer());
  EXPECT_TRUE(link.outbox.wants_room());
  link.outbox.ask_to_stop(15);
  link.outbox.report(1);
  EXPECT_TRUE(link.outbox.owes_answer()) << "there is still no room";
  link.drain();
  link.outbox.report(2);
  EXPECT_FALSE(link.outbox.owes_answer());
  const auto answer = link.next<AckMessage>();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->serial, 7U);
  const auto stop = link.next<StopRequestedMessage>();
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->signal, 15U);
  EXPECT_FALSE(link.outbox.wants_room());
  link.outbox.report(3);
  EXPECT_FALSE(link.next<StopRequestedMessage>()) << "a stop is told once";
}

TEST(Outbox, ASuccessorGetsNoAnswerOfItsPredecessors) {
  Link link;
  link.fill();
  link.outbox.acknowledge(7, 0);
  link.outbox.forget();
  EXPECT_FALSE(link.outbox.owes_answer());
  link.drain();
  link.outbox.report(1);
  EXPECT_FALSE(link.next<AckMessage>());
}

TEST(Outbox, ASpawnThatIsRefusedSaysWhichAndWhere) {
  Link link;
  SpawnMessage asked;
  asked.serial = 9;
  asked.worker = 2;
  asked.incarnation = 5;
  link.outbox.refuse_spawn(asked, {daemon::SpawnStage::Request, ENFILE});
  const auto message = link.next<SpawnedMessage>();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->serial, 9U);
  EXPECT_EQ(message->worker, 2U);
  EXPECT_EQ(message->incarnation, 5U);
  EXPECT_EQ(message->error, ENFILE);
  EXPECT_EQ(message->stage, static_cast<std::uint32_t>(daemon::SpawnStage::Request));
}

}  // namespace
}  // namespace ringmaster::keeper
