#include "shm/message_log.h"
#include "tests/unit/worker/job/worker_rig.h"

namespace ringmaster::worker {
namespace {

/// Slot 0 with a job that has room for messages.
class JobMessages : public WorkerRig {
 protected:
  void submit_talk(std::uint32_t room) {
    submit("talk", {}, 0, 100);
    request_.descriptor(0).flags = shm::kJobTakesMessages;
    request_.descriptor(0).message_room = room;
  }
  [[nodiscard]] std::span<std::byte> log(std::uint32_t room) const {
    return {reply_.ring() + shm::whole_lines(100), shm::message_log_bytes(room)};
  }
  [[nodiscard]] std::string result() const {
    return {reinterpret_cast<const char*>(reply_.ring()), reply_.line(0).result_bytes};
  }
};

TEST_F(JobMessages, AreInTheLogAndAnnounced) {
  submit_talk(256);
  shm::begin_log(log(256));
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(result(), "announced");
  shm::MessageReader reader(log(256));
  const auto message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->bytes, "hello");
  EXPECT_EQ(message->attempt, 1U);
  EXPECT_EQ(reader.next()->kind, shm::MessageKind::Error);
  EXPECT_FALSE(reader.next());
}

TEST_F(JobMessages, AreDroppedWithoutRoom) {
  submit("talk", {});
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(result(), "dropped");
}

TEST_F(JobMessages, ALogThatDoesNotLieInTheRingEndsTheSession) {
  for (const std::uint32_t room : {0U, (1U << 24) + 1, 1U << 20}) {
    submit_talk(room);
    EXPECT_EQ(run_next(), RunStatus::BadDescriptor) << room;
    EXPECT_EQ(word().cause(), Cause::Invalid);
  }
}

}  // namespace
}  // namespace ringmaster::worker
