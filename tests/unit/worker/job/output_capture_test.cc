#include "worker/job/output_capture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "proto/worker_link.h"
#include "shm/message_log.h"
#include "tests/unit/worker/job/worker_rig.h"

namespace ringmaster::worker {
namespace {

constexpr std::uint32_t kRoom = 4096;

/// A worker whose standard output and error are pipes, as the daemon makes them, while a test runs.
class CapturedJobs : public WorkerRig {
 protected:
  void SetUp() override {
    for (int i = 0; i < 2; ++i) {
      kept_[i].reset(::fcntl(i + 1, F_DUPFD_CLOEXEC, 10));
      int ends[2];
      ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
      reading_[i].reset(ends[0]);
      const UniqueFd writing(ends[1]);
      std::fflush(nullptr);
      ASSERT_EQ(::dup2(writing.get(), i + 1), i + 1);
    }
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    supervisor_.reset(ends[0]);
    socket_.reset(ends[1]);
    control_->output_to_client = 1;
    ASSERT_TRUE(output_.open(*self_.control));
    ASSERT_TRUE(output_.start(*self_.lane, socket_.get()));
  }
  void TearDown() override {
    std::fflush(nullptr);
    for (int i = 0; i < 2; ++i) ::dup2(kept_[i].get(), i + 1);
  }
  static void print(int fd, std::string_view text) {
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void submit_with_room() {
    submit("talk", {}, 0, 100);
    request_.descriptor(0).flags = shm::kJobTakesMessages;
    request_.descriptor(0).message_room = kRoom;
    shm::begin_log(log());
  }
  [[nodiscard]] std::span<std::byte> log() const {
    return {reply_.ring() + shm::whole_lines(100), shm::message_log_bytes(kRoom)};
  }
  /// The job in slot 0, begun.
  void begin() {
    EXPECT_EQ(sessions_.claim_next(self_, monotonic_now_ns(), claim_, from_), shm::ClaimStatus::Claimed);
    EXPECT_NE(runner_->begin(*from_, claim_), nullptr);
  }
  std::string messages() const {
    shm::MessageReader reader(log());
    std::string all;
    while (const auto message = reader.next()) {
      static constexpr char kKinds[] = "doe";
      all += kKinds[static_cast<int>(message->kind)] + (":" + message->bytes) + "|";
    }
    return all;
  }
  /// Waits for text that was passed on.
  std::string passed_on() const {
    std::byte packet[worker_link::kMaxMessageBytes];
    const ssize_t size = ::recv(supervisor_.get(), packet, sizeof packet, 0);
    const auto message =
        worker_link::decode_to_supervisor(std::span(packet).first(static_cast<std::size_t>(size)), 0).value();
    const auto& text = std::get<worker_link::Output>(message);
    return (text.standard_error ? "e" : "o") + std::to_string(text.job) + ":" +
           std::string(reinterpret_cast<const char*>(text.bytes.data()), text.bytes.size());
  }

  UniqueFd kept_[2];
  UniqueFd reading_[2];
  UniqueFd supervisor_;
  UniqueFd socket_;
  shm::Claim claim_;
  AttachedSession* from_ = nullptr;
};

TEST_F(CapturedJobs, TextIsInTheLogBeforeTheJobHasEnded) {
  EXPECT_NE(self_.lane->reads_output.load(), 0U);
  output_.begin();
  submit_with_room();
  begin();
  std::printf("printed ");
  std::fflush(stdout);
  print(1, "and written");
  const std::int32_t code = runner_->call();  // sends "hello", and "oops" as an error
  print(2, "last");
  std::printf("in a buffer");
  EXPECT_EQ(runner_->end(code), RunStatus::Finished);
  const std::string all = messages();
  EXPECT_EQ(all.substr(0, 2), "o:");
  EXPECT_EQ(all.find("hello"), all.find("d:") + 2);
  EXPECT_LT(all.find("and written"), all.find("d:hello|e:oops|"));
  EXPECT_TRUE(all.ends_with("o:in a buffer|e:last|") || all.ends_with("e:last|o:in a buffer|")) << all;
}

TEST_F(CapturedJobs, TextIsMovedWhileTheJobRuns) {
  output_.begin();
  submit_with_room();
  begin();
  const std::string much(256 * 1024, 'x');
  print(1, much);  // more than a pipe holds: somebody reads it
  EXPECT_EQ(runner_->end(runner_->call()), RunStatus::Finished);
  EXPECT_GE(shm::MessageReader(log()).dropped(), 1U);
}

TEST_F(CapturedJobs, TextOfNoClientIsPassedOn) {
  print(1, "before it was ready");
  output_.begin();
  EXPECT_EQ(passed_on(), "o0:before it was ready");
  submit("talk", {});
  begin();
  print(2, "without room");
  EXPECT_EQ(runner_->end(runner_->call()), RunStatus::Finished);
  EXPECT_EQ(passed_on(), "e" + std::to_string(shm::make_job_id(1, seq_)) + ":without room");
  print(1, "between jobs");
  EXPECT_EQ(passed_on(), "o0:between jobs");
}

TEST_F(CapturedJobs, WhatIsThereBeforeAJobIsNotItsClients) {
  output_.begin();
  submit_with_room();
  print(1, "somebody else's");
  begin();
  EXPECT_EQ(runner_->end(runner_->call()), RunStatus::Finished);
  EXPECT_EQ(messages(), "d:hello|e:oops|");
  EXPECT_EQ(passed_on(), "o0:somebody else's");
}

TEST_F(CapturedJobs, WhatTheSocketDoesNotTakeIsLostRatherThanAnotherClients) {
  output_.begin();
  std::byte full[4096] = {};
  while (::send(socket_.get(), full, sizeof full, MSG_DONTWAIT) > 0) {
  }
  print(1, "nobody gets this");
  submit_with_room();
  begin();
  EXPECT_EQ(runner_->end(runner_->call()), RunStatus::Finished);
  EXPECT_EQ(messages(), "d:hello|e:oops|");
  while (::recv(supervisor_.get(), full, sizeof full, MSG_DONTWAIT) > 0) {
  }
  print(1, "but this");
  EXPECT_EQ(passed_on(), "o0:but this");
}

TEST_F(CapturedJobs, WhatADeadOwnerHadBegunIsEnded) {
  output_.begin();
  submit_with_room();
  auto& head = *reinterpret_cast<shm::MessageLogHead*>(log().data());
  const shm::MessageRecord record{5, 1, 1};
  std::memcpy(log().data() + sizeof head, &record, sizeof record);
  std::memcpy(log().data() + sizeof head + sizeof record, "dying", 5);
  head.taking = 1;
  begin();
  EXPECT_EQ(runner_->end(runner_->call()), RunStatus::Finished);
  EXPECT_EQ(messages(), "o:dying|d:hello|e:oops|");
}

}  // namespace
}  // namespace ringmaster::worker
