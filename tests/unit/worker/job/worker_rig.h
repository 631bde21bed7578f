#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proto/handler_id.h"
#include "shm/memfd.h"
#include "shm/port/hints.h"
#include "shm/spilled_file.h"
#include "worker/handler.h"
#include "worker/job/job_runner.h"

namespace ringmaster::worker {

inline constexpr shm::SessionGeometry kGeometry{64, 1 << 20, 1 << 20};

// One session in real sealed memory, with the client's stores done by hand, and one worker on it.
class WorkerRig : public testing::Test {
 protected:
  WorkerRig()
      : table_({{.name = "echo", .result_constant = 0, .run = [](Job& job) { job.output(job.input()); }},
                {.name = "half",
                 .result_constant = 0,
                 .run =
                     [](Job& job) {
                       const auto place = job.reserve(job.input().size());
                       std::ranges::copy(job.input(), place.begin());
                       job.commit(place.size() / 2);
                     }},
                {.name = "throw", .run = [](Job&) { throw std::runtime_error("as told"); }},
                {.name = "remark", .run = [](Job& job) { job.remark("by the way"); }},
                {.name = "talk",
                 .result_constant = 0,
                 .run =
                     [this](Job& job) {
                       const bool sent = job.send_message("hello");
                       (void)job.send_output("oops", true);
                       const bool told = (reply_.done().bits[0].load() & 1) != 0;
                       job.output(std::string_view(told ? "announced" : sent ? "kept" : "dropped"));
                     }},
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
    runner_ = std::make_unique<JobRunner>(self_, registry_, *children_, *marks_, output_,
                                          [this](const auto& ask) { return give(ask); });
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
  /// The job in slot 0, not claimed yet, can be told of a result that outgrew its extent.
  void takes_spilled() { request_.descriptor(0).flags = shm::kJobTakesSpilled; }
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
  OutputCapture output_;
  /// A supervisor that has one file, or none.
  Result<ResultRoom::Given> give(const worker_link::AskRoom& ask) {
    asked_ = ask;
    if (!spilled_) return Error{"the quota is used up"};
    EXPECT_TRUE(shm::lengthen_spilled(spilled_.get(), ask.wished));
    return ResultRoom::Given{ask.wished, UniqueFd(::dup(spilled_.get()))};
  }
  /// One that has no parcels, unless a test says otherwise.
  virtual Result<ResultRoom::Given> give(const worker_link::AskParcel&) { return Error{"there are no parcels here"}; }
  worker_link::AskRoom asked_;
  UniqueFd spilled_;
  std::unique_ptr<JobRunner> runner_;
};

}  // namespace ringmaster::worker
