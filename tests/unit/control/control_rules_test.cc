#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "daemon/supervisor/job_outcome.h"
#include "daemon/supervisor/memory_room.h"
#include "daemon/supervisor/peer_admission.h"
#include "daemon/supervisor/session_factory.h"
#include "daemon/supervisor/user_map.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

TEST(MemoryRoom, ReadsMeminfo) {
  const char* text = "MemTotal:  8000 kB\nMemAvailableX: 1 kB\nMemAvailable:    4096 kB\nSwapFree: 0 kB\n";
  EXPECT_EQ(meminfo_value(text, "MemAvailable"), core::mib(4));
  EXPECT_EQ(meminfo_value(text, "SwapFree"), core::Bytes{});
  EXPECT_FALSE(meminfo_value(text, "Cached").has_value());
  EXPECT_FALSE(meminfo_value("MemAvailable", "MemAvailable").has_value());
  EXPECT_FALSE(meminfo_value("MemAvailable: lots\n", "MemAvailable").has_value());
}

TEST(MemoryRoom, IsTheLeastOfMachineAndCgroup) {
  EXPECT_EQ(room_of(core::gib(4), {std::nullopt, core::gib(9)}), core::gib(4));
  EXPECT_EQ(room_of(core::gib(4), {core::gib(1), core::mib(1000)}), core::mib(24));
  EXPECT_EQ(room_of(core::gib(4), {core::gib(1), core::gib(2)}), core::Bytes{});
}

TEST(MemoryRoom, IsWhatTheTightestAncestorLeaves) {
  namespace fs = std::filesystem;
  std::string root = (fs::temp_directory_path() / "memory_room_XXXXXX").string();
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const auto write = [&root](const std::string& path, const std::string& text) {
    fs::create_directories(fs::path{root + path}.parent_path());
    std::ofstream{root + path} << text;
  };
  write("/proc/meminfo", "MemAvailable: 4194304 kB\n");
  write("/proc/self/mountinfo", "30 24 0:26 / /mnt/groups rw - cgroup2 none rw\n");
  write("/proc/self/cgroup", "0::/jobs.slice/r.service/daemon\n");
  EXPECT_EQ(memory_room(root), core::gib(4));
  write("/mnt/groups/jobs.slice/r.service/memory.max", "max\n");
  write("/mnt/groups/jobs.slice/r.service/memory.current", "1\n");
  write("/mnt/groups/jobs.slice/memory.max", "1073741824\n");
  write("/mnt/groups/jobs.slice/memory.current", "1048576\n");
  EXPECT_EQ(memory_room(root), core::mib(1023));
  fs::remove_all(root);
}

TEST(UserMap, TellsANamespaceThatLeavesUsersOut) {
  namespace fs = std::filesystem;
  std::string root = (fs::temp_directory_path() / "user_map_XXXXXX").string();
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const auto write = [&root](const std::string& path, const std::string& text) {
    fs::create_directories(fs::path{root + path}.parent_path());
    std::ofstream{root + path} << text;
  };
  EXPECT_FALSE(read_user_map(root).hides(65534)) << "what cannot be read leaves nobody out";
  write("/proc/sys/kernel/overflowuid", "4711\n");
  write("/proc/self/uid_map", "         0          0 4294967295\n");
  EXPECT_FALSE(read_user_map(root).hides(4711)) << "the user 4711 itself";
  write("/proc/self/uid_map", "         0          0          1\n       999        999          1\n");
  EXPECT_TRUE(read_user_map(root).hides(4711));
  EXPECT_FALSE(read_user_map(root).hides(999));
  EXPECT_FALSE(read_user_map(root).hides(65534));
  fs::remove_all(root);
}

TEST(GrantRings, FillsInDefaultsAndRoundsUp) {
  config::SessionConfig limits;
  limits.slots = 100;
  const GrantedRings usual = grant_rings(limits, {});
  EXPECT_FALSE(usual.too_large);
  EXPECT_EQ(usual.geometry.request_ring_bytes, limits.request_default.value);
  EXPECT_EQ(usual.geometry.slots, 128U);
  EXPECT_TRUE(usual.geometry.valid());
  const GrantedRings small = grant_rings(limits, {1, 4097, 1});
  EXPECT_EQ(small.geometry.request_ring_bytes, 4096U);
  EXPECT_EQ(small.geometry.result_ring_bytes, 8192U);
  EXPECT_EQ(small.geometry.slots, kMinSlots);
  EXPECT_TRUE(small.geometry.valid());
  EXPECT_EQ(grant_rings(limits, {1, 1, 1'000'000}).geometry.slots, kMaxSlots);
}

TEST(GrantRings, SaysWhatWasAskedAndWhatIsAllowed) {
  config::SessionConfig limits;
  limits.reply_max = core::mib(8);
  const GrantedRings granted = grant_rings(limits, {4096, core::mib(9).value, 64});
  EXPECT_TRUE(granted.too_large);
  EXPECT_EQ(granted.asked, core::mib(9).value);
  EXPECT_EQ(granted.limit, core::mib(8).value);
}

TEST(Admission, WithoutAListTheSocketsModeDecides) {
  const config::DaemonConfig config;
  const Admission stranger = admit(config, 50, {1, 1000, {1000}});
  EXPECT_TRUE(stranger.allowed);
  EXPECT_FALSE(stranger.admin);
  EXPECT_TRUE(admit(config, 50, {1, 0, {0}}).admin);
  EXPECT_TRUE(admit(config, 50, {1, 50, {50}}).admin);
}

TEST(Admission, AListAdmitsItsUsersAndGroupsAndAdministrators) {
  config::DaemonConfig config;
  config.allow_uids = {1000};
  config.allow_gids = {44};
  config.admin_uids = {7};
  EXPECT_TRUE(admit(config, 50, {1, 1000, {1}}).allowed);
  EXPECT_TRUE(admit(config, 50, {1, 1001, {1, 44}}).allowed);
  EXPECT_FALSE(admit(config, 50, {1, 1001, {1}}).allowed);
  EXPECT_TRUE(admit(config, 50, {1, 7, {7}}).admin);
  EXPECT_TRUE(admit(config, 50, {1, 0, {0}}).allowed);
}

/// A reply segment in ordinary memory with one job in slot 3 that a worker has ended.
class JobOutcomeTest : public ::testing::Test {
 protected:
  JobOutcomeTest() {
    const auto bytes = geometry_.reply_segment_bytes();
    memory_ = static_cast<std::byte*>(std::aligned_alloc(4096, bytes));
    std::memset(memory_, 0, bytes);
    reply_ = ReplyView::format({memory_, bytes}, geometry_, 1, 0, 0);
    SlotLine& line = reply_.line(3);
    line.result_seq = 9;
    line.result_bytes = 5;
    line.started_ns = 150;
    line.finished_ns = 350;
    std::memcpy(reply_.ring() + 128, "hello", 5);
  }
  ~JobOutcomeTest() override { std::free(memory_); }
  JobOutcomeTest(const JobOutcomeTest&) = delete;
  JobOutcomeTest& operator=(const JobOutcomeTest&) = delete;

  v1::Outcome outcome(SlotState state, Cause cause, std::uint16_t detail = 0) {
    v1::Outcome out;
    fill_outcome(reply_, facts, SlotWord::terminal(9, state, 1, cause, detail), out);
    return out;
  }

  JobFacts facts{77, 3, 9, 128, 64, 100};
  SessionGeometry geometry_{64, 4096, 4096};
  ReplyView reply_;

 private:
  std::byte* memory_;
};

TEST_F(JobOutcomeTest, ADoneJobBringsItsResultAndTimes) {
  const v1::Outcome done = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(done.kind(), v1::OUTCOME_DONE);
  EXPECT_EQ(done.result(), "hello");
  EXPECT_EQ(done.job_id(), 77U);
  EXPECT_EQ(done.attempt(), 2U);
  EXPECT_EQ(done.queued_ns(), 50U);
  EXPECT_EQ(done.run_ns(), 200U);
  EXPECT_EQ(done.message(), "");
}

TEST_F(JobOutcomeTest, ADoneJobBringsItsRemarkMadeFitToShow) {
  std::memcpy(reply_.message(3).text, "by\x1bthe way", 10);
  reply_.line(3).message_bytes = 10;
  const v1::Outcome done = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(done.kind(), v1::OUTCOME_DONE);
  EXPECT_EQ(done.message(), "by?the way");
  EXPECT_EQ(done.result(), "hello");
}

TEST_F(JobOutcomeTest, AnEndInTheQueueHasItsWaitAndNoRun) {
  reply_.line(3).result_seq = 8;
  facts.ended_ns = 400;
  const v1::Outcome expired = outcome(SlotState::Failed, Cause::QueueTimeout);
  EXPECT_EQ(expired.attempt(), 1U) << "of a second attempt that never began";
  EXPECT_EQ(expired.queued_ns(), 300U);
  EXPECT_EQ(expired.run_ns(), 0U);
}

TEST_F(JobOutcomeTest, AJobThatCrashedHasItsTimes) {
  const v1::Outcome crashed = outcome(SlotState::Failed, Cause::CrashedSignal, 11);
  EXPECT_EQ(crashed.queued_ns(), 50U);
  EXPECT_EQ(crashed.run_ns(), 200U);
}

TEST_F(JobOutcomeTest, AResultThatCannotBeIsAFailureAndNotAFault) {
  reply_.line(3).result_bytes = 65;
  EXPECT_EQ(outcome(SlotState::Done, Cause::Completed).kind(), v1::OUTCOME_FAILED);
  reply_.line(3).result_bytes = ~std::uint64_t{0};
  EXPECT_EQ(outcome(SlotState::Done, Cause::Completed).kind(), v1::OUTCOME_FAILED);
  reply_.line(3).result_seq = 8;
  EXPECT_EQ(outcome(SlotState::Done, Cause::Completed).kind(), v1::OUTCOME_FAILED);
}

TEST_F(JobOutcomeTest, AFailureBringsTheHandlersMessageMadeFitToBeShown) {
  std::memcpy(reply_.message(3).text, "bad \x1b picture", 13);
  reply_.line(3).message_bytes = 13;
  const v1::Outcome failed = outcome(SlotState::Failed, Cause::Application);
  EXPECT_EQ(failed.kind(), v1::OUTCOME_FAILED);
  EXPECT_EQ(failed.message(), "bad ? picture");
  reply_.line(3).message_bytes = 0xFFFFFFFF;
  EXPECT_LE(outcome(SlotState::Failed, Cause::Application).message().size(), kMessageBytes);
}

TEST_F(JobOutcomeTest, CausesHaveKindsAndSentences) {
  const v1::Outcome crashed = outcome(SlotState::Failed, Cause::CrashedSignal, 11);
  EXPECT_EQ(crashed.kind(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(crashed.detail(), 11U);
  EXPECT_EQ(crashed.message(), "the worker died by SIGSEGV");
  reply_.line(3).needed_bytes = 1000;
  const v1::Outcome large = outcome(SlotState::Failed, Cause::TooLarge);
  EXPECT_EQ(large.kind(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(large.needed_bytes(), 1000U);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::RunTimeout).kind(), v1::OUTCOME_TIMED_OUT);
  EXPECT_EQ(outcome(SlotState::Cancelled, Cause::Cancelled).kind(), v1::OUTCOME_CANCELLED);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::Lost).kind(), v1::OUTCOME_LOST);
  for (int cause = 0; cause <= 255; ++cause) {
    EXPECT_NE(kind_of(static_cast<Cause>(cause)), v1::OUTCOME_UNSPECIFIED);
  }
}

}  // namespace
}  // namespace ringmaster
