#include "worker/job/job_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "proto/handler_id.h"
#include "shm/memfd.h"
#include "shm/port/hints.h"
#include "worker/handler.h"

namespace ringmaster::worker {
namespace {

using testing::HasSubstr;

constexpr shm::SessionGeometry kGeometry{64, 1 << 20, 1 << 20};

// One session in real sealed memory, with the client's stores done by hand, and one worker on it.
class WorkerRig : public testing::Test {
 protected:
  WorkerRig()
      : table_({{.name = "echo", .result_constant = 0, .run = [](Job& job) { job.output(job.input()); }},
                {.name = "throw", .run = [](Job&) { throw std::runtime_error("as told"); }},
                {.name = "remark", .run = [](Job& job) { job.remark("by the way"); }},
                {.name = "where", .run = [this](Job& job) { seen_ = job.input().data(); }},
                {.name = "safe", .change_safe = true, .run = [this](Job& job) { seen_ = job.input().data(); }},
                {.name = "scribble",
                 .result_constant = 0,
                 .writes_input = true,
                 .run =
                     [](Job& job) {
                       const auto place = job.writable_input();
                       job.output(std::string_view(place.empty() ? "nowhere" : "written"));
                       std::ranges::fill(place, std::byte{'#'});
                       job.output(job.input());
                     }},
                {.name = "upper",
                 .result_constant = 0,
                 .writes_input = true,
                 .run =
                     [](Job& job) {
                       const auto place = job.writable_input();
                       for (std::byte& one : place) one = static_cast<std::byte>(std::toupper(static_cast<int>(one)));
                       job.output(place);
                     }},
                {.name = "tamper", .run = [this](Job&) { reply_.word(0).store(0); }},
                {.name = "stop", .run = [this](Job& job) {
                   request_.cancel(0).store(seq_);
                   job.throw_if_cancelled();
                 }}}) {
    registry_.add(table_.get(), "test").value();
    lane_memory_ = fresh(sizeof(shm::LaneRecord));
    control_memory_ = fresh(sizeof(shm::ControlRecord));
    board_memory_ = fresh(sizeof(shm::BoardRecord));
    self_.owner = {3, 9};
    self_.lane = shm::format_lane(lane_memory_.bytes(), 0, self_.owner);
    control_ = shm::format_control(control_memory_.bytes(), 0, self_.owner);
    self_.control = control_;
    self_.board = shm::format_board(board_memory_.bytes(), 0);
    children_ = std::make_unique<ChildWatch>(self_.lane->left, nullptr);
    marks_ = std::make_unique<OutputMarks>(*self_.control, self_.lane->words);
    runner_ = std::make_unique<JobRunner>(self_, registry_, *children_, *marks_);
    session_ = attach(1, 1, 1000, 0, 1);
  }

  static shm::Mapping fresh(std::uint64_t bytes) {
    const auto fd = shm::create_segment("test", bytes);
    return shm::Mapping::map(fd.value().get(), shm::Access::ReadWrite).value();
  }

  AttachedSession* attach(std::uint32_t index, std::uint32_t serial, std::uint32_t uid, std::uint8_t priority,
                          std::uint32_t weight, bool same_uid = true) {
    request_fd_ = shm::create_segment("request", kGeometry.request_segment_bytes()).value();
    const UniqueFd& request = request_fd_;
    const UniqueFd reply = shm::create_segment("reply", kGeometry.reply_segment_bytes()).value();
    memory_.push_back(shm::Mapping::map(request.get(), shm::Access::ReadWrite).value());
    request_ = shm::RequestView::format(memory_.back().bytes(), kGeometry, serial, index, 0);
    memory_.push_back(shm::Mapping::map(reply.get(), shm::Access::ReadWrite).value());
    reply_ = shm::ReplyView::format(memory_.back().bytes(), kGeometry, serial, index, 0);
    worker_link::Attach about{index,
                              serial,
                              uid,
                              same_uid,
                              priority,
                              weight,
                              kGeometry.slots,
                              kGeometry.request_segment_bytes(),
                              kGeometry.reply_segment_bytes(),
                              kGeometry.request_ring_bytes,
                              kGeometry.result_ring_bytes};
    AttachFailure failure;
    auto opened = open_session(about, request.get(), reply.get(), UniqueFd(), failure);
    EXPECT_NE(opened, nullptr);
    about.slots *= 2;
    EXPECT_EQ(open_session(about, request.get(), reply.get(), UniqueFd(), failure), nullptr);
    EXPECT_EQ(failure.reason, worker_link::BrokenReason::BadSegment);
    return &sessions_.add(std::move(opened));
  }

  void submit(std::string_view handler, std::string_view input, std::uint32_t slot = 0, std::uint64_t capacity = 4096) {
    seq_ = shm::next_seq(seq_);
    shm::JobDescriptor& job = request_.descriptor(slot);
    job = {};
    job.seq = seq_;
    job.handler = wire::handler_id(handler);
    job.request_line = slot * 64;
    job.request_bytes = input.size();
    job.result_capacity = capacity;
    if (!input.empty()) std::memcpy(request_.ring() + job.request_line * shm::kCacheLine, input.data(), input.size());
    publish(slot);
  }
  void publish(std::uint32_t slot) {
    reply_.word(slot).store(shm::SlotWord::ready(seq_, 0).bits());
    shm::set_hint(reply_.ready(), slot);
  }

  RunStatus run_next() {
    AttachedSession* from = nullptr;
    shm::Claim claimed;
    EXPECT_EQ(sessions_.claim_next(self_, monotonic_now_ns(), claimed, from), shm::ClaimStatus::Claimed);
    return run(*from, claimed);
  }
  RunStatus run(AttachedSession& from, const shm::Claim& claimed) {
    return runner_->begin(from, claimed) != nullptr ? runner_->end(runner_->call()) : runner_->ended();
  }
  shm::SlotWord word(std::uint32_t slot = 0) const { return shm::SlotWord(reply_.word(slot).load()); }
  std::string message() const { return {reply_.message(0).text, reply_.line(0).message_bytes}; }

  UniqueFd request_fd_;  ///< Of the session that was attached last.
  const std::byte* seen_ = nullptr;
  std::uint32_t seq_ = 0;
  shm::RequestView request_;
  shm::ReplyView reply_;
  HandlerTable table_;
  HandlerRegistry registry_;
  shm::Mapping lane_memory_;
  shm::Mapping control_memory_;
  shm::Mapping board_memory_;
  std::vector<shm::Mapping> memory_;
  shm::WorkerSelf self_;
  shm::ControlRecord* control_ = nullptr;
  SessionTable sessions_;
  AttachedSession* session_ = nullptr;
  std::unique_ptr<ChildWatch> children_;
  std::unique_ptr<OutputMarks> marks_;
  std::unique_ptr<JobRunner> runner_;
};

TEST_F(WorkerRig, RefusesJobsOfAUserThatIsRefusedAndSaysWhy) {
  const auto charge = [this](std::uint64_t until) {
    const shm::ChargedUser user{1000, 21, until};
    shm::write_charges(*control_, {&user, 1});
    shm::ChargedUsers users;
    ASSERT_TRUE(users.read(*control_));
    sessions_.set_charges(users);
  };
  charge(monotonic_now_ns() + 30'000'000'000);
  submit("echo", "hello");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Failed);
  EXPECT_EQ(word().cause(), Cause::Refused);
  EXPECT_THAT(message(), HasSubstr("jobs of uid 1000 ended 21 workers"));
  EXPECT_THAT(message(), HasSubstr("for another 30 s"));
  EXPECT_EQ(self_.lane->counters.refused, 1U);
  EXPECT_EQ(shm::finished_jobs(self_.lane->counters), 0U) << "it proves nothing about the worker";
  EXPECT_EQ(self_.lane->last_user, 0U);
  // What is left of a charge that is over refuses nobody.
  charge(1);
  submit("echo", "hello");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
}

TEST_F(WorkerRig, SaysWhoseJobItRanLastAndWhenThatEnded) {
  EXPECT_EQ(self_.lane->counters.ended_ns, 0U);
  submit("echo", "hello");
  const std::uint64_t before = monotonic_now_ns();
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(self_.lane->last_user, 1001U);
  EXPECT_GE(self_.lane->counters.ended_ns, before);
  EXPECT_EQ(self_.lane->counters.ended_ns, runner_->ended_ns());
}

TEST_F(WorkerRig, RunsAJobInPlace) {
  submit("echo", "hello");
  EXPECT_TRUE(sessions_.has_ready_job());
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(word().seq(), seq_);
  EXPECT_EQ(reply_.line(0).result_bytes, 5U);
  EXPECT_EQ(std::memcmp(reply_.ring(), "hello", 5), 0);
  EXPECT_EQ(self_.lane->words.intent.load(), 0U);
  EXPECT_EQ(self_.lane->counters.done.load(), 1U);
  EXPECT_EQ(self_.lane->counters.bytes_in.load(), 5U);
  EXPECT_EQ(self_.lane->counters.bytes_out.load(), 5U);
  EXPECT_FALSE(sessions_.has_ready_job());
}

TEST_F(WorkerRig, TellsADoneJobsRemark) {
  submit("remark", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(message(), "by the way");
  submit("echo", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(message(), "") << "its own job's only";
}

TEST_F(WorkerRig, ReportsEachWayToFail) {
  submit("throw", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Application);
  EXPECT_EQ(message(), "as told");
  submit("nobody", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::UnknownHandler);
  submit("echo", "12345", 0, 4);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::TooLarge);
  EXPECT_EQ(reply_.line(0).needed_bytes, 5U);
  submit("stop", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Cancelled);
  EXPECT_EQ(self_.lane->counters.failed.load(), 3U);
  EXPECT_EQ(self_.lane->counters.cancelled.load(), 1U);
}

TEST_F(WorkerRig, DoesNotStartWhatIsCancelledOrExpired) {
  submit("echo", "x");
  request_.cancel(0).store(seq_);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Cancelled);
  submit("echo", "x");
  request_.descriptor(0).submitted_ns = 1;
  request_.descriptor(0).queue_timeout_ms = 1;
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::QueueTimeout);
  const auto sum = [](const shm::Word64(&buckets)[shm::kTimeBuckets]) {
    std::uint64_t count = 0;
    for (const shm::Word64& one : buckets) count += one.load();
    return count;
  };
  EXPECT_EQ(sum(self_.lane->queue_buckets), 2U);
  EXPECT_EQ(sum(self_.lane->run_buckets), 0U) << "what never ran took no time";
  EXPECT_EQ(reply_.line(0).started_ns, reply_.line(0).finished_ns);
}

TEST_F(WorkerRig, FinishesAnImpossibleDescriptorAsInvalid) {
  for (const int which : {0, 1, 2, 3}) {
    submit("echo", "x");
    shm::JobDescriptor& job = request_.descriptor(0);
    if (which == 0) job.request_line = 0xFFFFFFFF;
    if (which == 1) job.request_bytes = UINT64_MAX;
    if (which == 2) job.result_capacity = (1 << 20) + 1;
    if (which == 3) job.seq += 1;
    EXPECT_EQ(run_next(), RunStatus::BadDescriptor) << which;
    EXPECT_EQ(word().cause(), Cause::Invalid);
  }
}

TEST_F(WorkerRig, NoticesATamperedWordAndAVerdict) {
  submit("tamper", "");
  EXPECT_EQ(run_next(), RunStatus::Tampered);
  EXPECT_EQ(self_.lane->counters.tampered.load(), 1U);
  EXPECT_EQ(self_.lane->words.intent.load(), 0U);
  submit("tamper", "");
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
  control_->hold.store(1);
  EXPECT_EQ(run(*from, claimed), RunStatus::Held);
  EXPECT_NE(self_.lane->words.intent.load(), 0U);
}

TEST_F(WorkerRig, ClaimsNothingWhileHeld) {
  submit("echo", "x");
  control_->hold.store(1);
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  EXPECT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Held);
  control_->hold.store(0);
  EXPECT_EQ(run_next(), RunStatus::Finished);
}

TEST_F(WorkerRig, CopiesInWhatAnotherUserSent) {
  const auto in_place = [&] {
    const auto* begin = session_->request_memory.bytes().data();
    return seen_ >= begin && seen_ < begin + session_->request_memory.bytes().size();
  };
  submit("where", "x");
  (void)run_next();
  EXPECT_TRUE(in_place());
  session_->about.same_uid = false;
  submit("where", "x");
  (void)run_next();
  EXPECT_FALSE(in_place());
  runner_->copy_in_up_to(4);
  submit("where", "12345");
  (void)run_next();
  EXPECT_FALSE(in_place());
  submit("safe", "1234");
  (void)run_next();
  EXPECT_FALSE(in_place());
  submit("safe", "12345");
  (void)run_next();
  EXPECT_TRUE(in_place());
}

TEST_F(WorkerRig, WhatAHandlerWritesToItsInputIsSeenByNobodyElse) {
  const auto result = [this] { return std::string(reinterpret_cast<const char*>(reply_.ring()), 9); };
  submit("scribble", "ab");
  (void)run_next();
  EXPECT_EQ(result(), "nowhereab") << "no private memory was mapped for this session";
  session_->private_requests = PrivateRequests::map(request_fd_.get(), session_->request_memory.bytes());
  submit("scribble", "ab", 1);  // In the page of slot 0's request.
  (void)run_next();
  EXPECT_EQ(result(), "writtenab") << "read-only, as the client wrote it";
  submit("scribble", "cd", 1);
  (void)run_next();
  EXPECT_EQ(result(), "writtencd");
  submit("upper", "ef", 1);
  (void)run_next();
  EXPECT_EQ(result().substr(0, 2), "EF") << "no page of the last job is left";
  session_->about.same_uid = false;
  submit("upper", "gh", 1);
  (void)run_next();
  EXPECT_EQ(result().substr(0, 2), "GH") << "a copy may be written as well";
}

TEST_F(WorkerRig, AnOpenJobEndsWhenItsHostSays) {
  submit("echo", "x");
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
  ASSERT_NE(runner_->begin(*from, claimed), nullptr);
  EXPECT_EQ(word().state(), shm::SlotState::Running);
  rm_job* const job = runner_->job();
  std::memcpy(job->calls->reserve(job, 5), "later", 5);
  job->calls->commit(job, 5);
  EXPECT_EQ(runner_->end(RM_DONE), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(std::memcmp(reply_.ring(), "later", 5), 0);
}

TEST_F(WorkerRig, TakesTurnsBetweenUsersThenSessions) {
  // Session 1 is uid 1000's; two more are uid 2000's. Each has plenty to do.
  const auto fill = [&] {
    for (std::uint32_t slot = 0; slot < 8; ++slot) submit("echo", "", slot);
  };
  fill();
  attach(2, 2, 2000, 0, 1);
  fill();
  attach(3, 3, 2000, 0, 2);
  fill();
  std::string order;
  for (int i = 0; i < 9; ++i) {
    AttachedSession* from = nullptr;
    shm::Claim claimed;
    ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
    order += std::to_string(from->about.index);
    EXPECT_EQ(run(*from, claimed), RunStatus::Finished);
  }
  EXPECT_EQ(order, "121331213");
  sessions_.remove(1);
  EXPECT_EQ(sessions_.at(1), nullptr);
  EXPECT_TRUE(sessions_.has_ready_job());
}

TEST_F(WorkerRig, ServesTheHigherClassFirst) {
  submit("echo", "", 0);
  attach(2, 2, 1000, 1, 1);
  submit("echo", "", 0);
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
  EXPECT_EQ(from->about.index, 1U);
}

}  // namespace
}  // namespace ringmaster::worker
