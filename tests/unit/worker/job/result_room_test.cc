#include "worker/job/result_room.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "shm/memfd.h"
#include "shm/slot_word.h"
#include "shm/spilled_file.h"
#include "worker/handler.h"
#include "worker/job/job_context.h"

namespace ringmaster::worker {
namespace {

/// A supervisor that makes one file longer and longer, up to `most` bytes.
struct Supervisor {
  UniqueFd file = shm::create_spilled("test").value();
  std::uint64_t most = UINT64_MAX;
  std::vector<worker_link::AskRoom> asked;
  ResultRoom room{[this](const worker_link::AskRoom& ask) -> Result<ResultRoom::Given> {
    asked.push_back(ask);
    const std::uint64_t bytes = std::min(ask.wished, std::max(most, ask.needed));
    if (bytes > most) return Error{"no more"};
    EXPECT_TRUE(shm::lengthen_spilled(file.get(), bytes));
    return ResultRoom::Given{bytes, UniqueFd(::dup(file.get()))};
  }};
};

constexpr ResultRoom::JobName kJob{std::uint64_t{7} << 32 | 9, 0x0003'0002'0000'0009};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(ResultRoom, BeginsWithWhatTheResultHasAlready) {
  Supervisor supervisor;
  const auto room = supervisor.room.grow(kJob, bytes_of("hello"), 8, 9);
  ASSERT_GE(room.size(), 9U);
  EXPECT_EQ(std::memcmp(room.data(), "hello", 5), 0);
  EXPECT_EQ(supervisor.asked[0].index, 3U);
  EXPECT_EQ(supervisor.asked[0].serial, 7U);
  EXPECT_EQ(supervisor.asked[0].slot, 2U);
  EXPECT_EQ(supervisor.asked[0].seq, 9U);
  EXPECT_EQ(supervisor.asked[0].wished, 16U) << "twice what it had";
}

TEST(ResultRoom, WhatWasGivenBeforeStaysValidWhileItGrows) {
  Supervisor supervisor;
  const auto first = supervisor.room.grow(kJob, {}, 0, 4096);
  std::memcpy(first.data(), "hello", 5);
  const auto second = supervisor.room.grow(kJob, first, first.size(), first.size() + 1);
  EXPECT_EQ(supervisor.asked[1].has, 4096U);
  EXPECT_EQ(second.size(), 8192U);
  EXPECT_EQ(std::memcmp(second.data(), "hello", 5), 0);
  std::memcpy(first.data(), "jelly", 5);
  EXPECT_EQ(std::memcmp(second.data(), "jelly", 5), 0) << "the same pages";
}

TEST(ResultRoom, ARefusalLeavesWhatItHas) {
  Supervisor supervisor;
  supervisor.most = 4096;
  const auto first = supervisor.room.grow(kJob, {}, 0, 100);
  ASSERT_FALSE(first.empty());
  EXPECT_TRUE(supervisor.room.grow(kJob, first, first.size(), 5000).empty());
  EXPECT_EQ(supervisor.room.why(), "no more");
  EXPECT_TRUE(supervisor.room.used());
  std::memcpy(first.data(), "hello", 5);
  EXPECT_TRUE(supervisor.room.seal(5));
  EXPECT_TRUE(shm::is_sealed_spilled(supervisor.file.get(), 5));
}

TEST(ResultRoom, GivesBackThePagesThatTheResultDoesNotTakeUp) {
  Supervisor supervisor;
  const auto room = supervisor.room.grow(kJob, {}, 0, 64 * 4096);
  std::ranges::fill(room, std::byte{1});
  const std::uint64_t before = shm::allocated_bytes(supervisor.file.get());
  EXPECT_TRUE(supervisor.room.seal(4097));
  EXPECT_LT(shm::allocated_bytes(supervisor.file.get()), before);
  EXPECT_GE(shm::allocated_bytes(supervisor.file.get()), 8192U);
  EXPECT_FALSE(supervisor.room.used());
}

TEST(ResultRoom, TheNextJobBeginsAnew) {
  Supervisor supervisor;
  (void)supervisor.room.grow(kJob, {}, 0, 4096);
  supervisor.room.drop();
  EXPECT_FALSE(supervisor.room.used());
  (void)supervisor.room.grow(kJob, {}, 0, 4096);
  EXPECT_EQ(supervisor.asked[1].has, 0U);
}

// What a handler sees that streams its result and was written before there was such room.
TEST(ResultRoom, AHandlerThatStreamsNeedNotKnowOfIt) {
  const HandlerTable table({{.name = "h", .run = [](Job& job) {
                               for (int i = 0; i < 1000; ++i) job.output(std::string(100, static_cast<char>(i)));
                             }}});
  HandlerRegistry registry;
  registry.add(table.get(), "test").value();
  Supervisor supervisor;
  std::atomic<std::uint64_t> progress{0};
  JobContext context(progress);
  std::vector<std::byte> extent(250);
  JobInput job;
  job.id = kJob.id;
  job.intent = kJob.intent;
  job.output = extent;
  job.room = &supervisor.room;
  ASSERT_TRUE(context.prepare(registry.handlers().front(), job));
  EXPECT_EQ(context.raw()->capacity, 250U);
  const JobEnd end = context.end(context.call());
  EXPECT_EQ(end.code, RM_DONE);
  EXPECT_EQ(end.size, 100'000U);
  EXPECT_LT(supervisor.asked.size(), 12U) << "it grows by doubling";
  ASSERT_TRUE(supervisor.room.seal(end.size));
  const auto result = shm::Mapping::map(supervisor.file.get(), shm::Access::ReadOnly, end.size).value();
  for (std::size_t at = 0; at < end.size; at += 37)
    ASSERT_EQ(result.bytes()[at], static_cast<std::byte>(at / 100)) << at;
}

}  // namespace
}  // namespace ringmaster::worker
