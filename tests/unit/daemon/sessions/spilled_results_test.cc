#include "daemon/sessions/spilled_results.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <deque>

#include "shm/mapping.h"
#include "shm/memfd.h"
#include "shm/spilled_file.h"
#include "tests/unit/daemon/sessions/session_fixture.h"

namespace ringmaster::daemon {
namespace {

constexpr std::uint32_t kSerial = 7;
constexpr std::uint32_t kSlot = 2;
constexpr std::uint32_t kSeq = 9;

/// A session of uid 1000 with one running job, and a thread that takes pages when it is told to.
class SpilledTest : public ::testing::Test {
 protected:
  SpilledTest() {
    house_.add(3, kSerial);
    running();
  }

  void word(shm::SlotWord word) { session().reply.word(kSlot).store(word.bits()); }
  void running(std::uint32_t seq = kSeq) { word(shm::SlotWord::owned(seq, shm::SlotState::Running, 0, {1, 1})); }
  void ended() { word(shm::SlotWord::terminal(kSeq, shm::SlotState::Done, 0, Cause::Completed, shm::kDetailSpilled)); }
  Session& session() { return house_.table.with_serial(kSerial)->session; }

  /// The worker's question; its answer is in the last of `answers_`.
  void ask(std::uint64_t needed, std::uint64_t has = 0, std::uint64_t wished = 0, std::uint32_t seq = kSeq) {
    const std::size_t at = answers_.size();
    answers_.emplace_back();
    results_.ask({3, kSerial, kSlot, seq, has, needed, std::max(needed, wished)},
                 [this, at](Result<RoomGiven>&& answer) { answers_[at].push_back(std::move(answer)); });
  }
  /// Pages and keeper, in this order.
  void settle() {
    for (const auto& one : std::exchange(reserving_, {})) one();
    house_.daemon.answer();
  }
  /// One that got room; the file as the worker has it.
  UniqueFd get(std::uint64_t bytes, std::uint64_t has = 0) {
    ask(bytes, has);
    settle();
    EXPECT_TRUE(answers_.back().size() == 1 && answers_.back()[0]);
    return answers_.back().empty() || !answers_.back()[0] ? UniqueFd() : std::move(answers_.back()[0]->file);
  }
  [[nodiscard]] std::string refusal() const {
    return answers_.back().size() == 1 && !answers_.back()[0] ? answers_.back()[0].error().message : "";
  }
  /// The bytes that uid 1000 is charged beyond its session.
  [[nodiscard]] std::uint64_t charged() { return house_.quota.use(1000).bytes.value - session_bytes_; }
  void a_second() { house_.timers.pass(std::chrono::seconds{1}); }
  [[nodiscard]] std::size_t released() const { return house_.daemon.released.size(); }

  testing::SessionHouse house_;
  std::uint64_t session_bytes_ = testing::kSmall.request_segment_bytes() + testing::kSmall.reply_segment_bytes();
  core::GrantQuestion memory_{.available = core::gib(8)};
  std::deque<std::function<void()>> reserving_;
  Result<void> reserved_;  ///< how it goes
  SpilledResults results_{{house_.table, house_.quota, house_.daemon},
                          {house_.timers, [this](std::uint32_t, core::Bytes) { return memory_; },
                           [this](std::uint32_t, int file, std::uint64_t offset, std::uint64_t bytes, auto done) {
                             reserving_.push_back([this, fd = ::dup(file), offset, bytes, done] {
                               if (reserved_) shm::reserve_pages(fd, offset, bytes).value();
                               ::close(fd);
                               done(reserved_);
                             });
                           }}};
  std::vector<std::vector<Result<RoomGiven>>> answers_;
};

void write_and_seal(const UniqueFd& file, std::string_view text) {
  {
    const auto map = shm::Mapping::map_growing(file.get(), text.size()).value();
    std::memcpy(map.bytes().data(), text.data(), text.size());
  }
  ASSERT_TRUE(shm::seal_spilled(file.get()));
}

TEST_F(SpilledTest, TheWorkerGetsAFileWhenTheUidIsChargedAndTheKeeperHoldsIt) {
  ask(10'000);
  EXPECT_EQ(charged(), 12'288U);
  for (const auto& one : std::exchange(reserving_, {})) one();
  EXPECT_TRUE(answers_[0].empty()) << "the keeper has not said that it holds it";
  ASSERT_EQ(house_.daemon.deposited.size(), 1U);
  EXPECT_EQ(house_.daemon.deposited[0], keeper::make_label(keeper::DepositKind::Spilled, kSerial, kSeq));
  house_.daemon.answer();
  ASSERT_EQ(answers_[0].size(), 1U);
  ASSERT_TRUE(answers_[0][0]);
  EXPECT_EQ(answers_[0][0]->bytes, 12'288U);
  EXPECT_GE(shm::allocated_bytes(answers_[0][0]->file.get()), 12'288U);
}

TEST_F(SpilledTest, MoreRoomIsTheSameFileMadeLonger) {
  const UniqueFd first = get(4096);
  const UniqueFd second = get(20'000, 4096);
  const auto longer = shm::Mapping::map_growing(second.get(), 20'000).value();
  const auto before = shm::Mapping::map_growing(first.get(), 4096).value();
  before.bytes()[0] = std::byte{7};
  EXPECT_EQ(longer.bytes()[0], std::byte{7});
  EXPECT_EQ(charged(), 20'480U);
  EXPECT_EQ(house_.daemon.deposited.size(), 1U);
}

TEST_F(SpilledTest, RefusesBeyondTheQuotaAndWithoutMemoryAndChargesNothing) {
  ask(core::gib(5).value);
  EXPECT_NE(refusal().find("bytes_per_uid"), std::string::npos) << refusal();
  memory_.available = core::Bytes{8192};
  ask(1 << 20);
  EXPECT_NE(refusal().find("memory"), std::string::npos) << refusal();
  EXPECT_EQ(charged(), 0U);
  EXPECT_TRUE(reserving_.empty());
}

TEST_F(SpilledTest, PagesThatCannotBeTakenOrHeldAreRefusedAndNotCharged) {
  reserved_ = Error{"no pages"};
  ask(4096);
  settle();
  EXPECT_EQ(refusal(), "no pages");
  EXPECT_EQ(charged(), 0U);
  reserved_ = {};
  ask(4096);
  for (const auto& one : std::exchange(reserving_, {})) one();
  house_.daemon.answer(false);
  EXPECT_NE(refusal().find("keeper"), std::string::npos);
  EXPECT_EQ(charged(), 0U);
}

TEST_F(SpilledTest, PagesThatCannotBeTakenForMoreLeaveWhatThereWas) {
  const UniqueFd first = get(4096);
  reserved_ = Error{"no pages"};
  ask(20'000, 4096);
  settle();
  EXPECT_EQ(refusal(), "no pages");
  EXPECT_EQ(charged(), 4096U);
  write_and_seal(first, "hello");
  ended();
  EXPECT_TRUE(results_.open(kSerial, kSeq, 5));
}

TEST_F(SpilledTest, AFirstQuestionThatIsAskedAgainGetsANewFileInPlaceOfTheOld) {
  ask(4096);
  ask(4096);
  settle();
  EXPECT_TRUE(answers_[0].empty()) << "the worker believes only its last question's answer";
  ASSERT_EQ(answers_[1].size(), 1U);
  ASSERT_TRUE(answers_[1][0]);
  EXPECT_EQ(charged(), 4096U);
  write_and_seal(answers_[1][0]->file, "hello");
  ended();
  EXPECT_TRUE(results_.open(kSerial, kSeq, 5)) << "the one that was written";
}

TEST_F(SpilledTest, MoreThatIsAskedForAgainIsGivenOnce) {
  (void)get(4096);
  ask(8192, 4096);
  ask(8192, 4096);
  settle();
  EXPECT_TRUE(answers_[1].empty());
  EXPECT_EQ(answers_[2].size(), 1U);
  EXPECT_EQ(charged(), 8192U);
  ask(8192, 4096);
  EXPECT_EQ(answers_[3].size(), 1U) << "an answer that was lost is given again at once";
}

TEST_F(SpilledTest, OnlyARunningJobOfAnOpenSessionGetsRoom) {
  ask(4096, 0, 0, kSeq + 1);
  EXPECT_FALSE(refusal().empty()) << "another job is in the slot";
  word(shm::SlotWord::ready(kSeq, 0));
  ask(4096);
  EXPECT_FALSE(refusal().empty());
  running();
  session().state = SessionState::Closing;
  ask(4096);
  EXPECT_FALSE(refusal().empty());
  EXPECT_EQ(charged(), 0U);
}

TEST_F(SpilledTest, IsOpenedForReadingOnceItIsSealed) {
  const UniqueFd file = get(4096);
  EXPECT_FALSE(results_.open(kSerial, kSeq, 0)) << "its worker may still write it";
  write_and_seal(file, "hello");
  ended();
  for (int time = 0; time < 8; ++time) {
    const auto read = results_.open(kSerial, kSeq, 5);
    ASSERT_TRUE(read) << "it may be asked for again";
    const auto map = shm::Mapping::map(read->get(), shm::Access::ReadOnly, 5).value();
    EXPECT_EQ(std::memcmp(map.bytes().data(), "hello", 5), 0);
  }
  EXPECT_FALSE(results_.open(kSerial, kSeq, 5)) << "but not without end";
  EXPECT_FALSE(results_.open(kSerial, kSeq, 5000)) << "it is not so long";
  EXPECT_FALSE(results_.open(kSerial, kSeq + 1, 0));
}

TEST_F(SpilledTest, IsDroppedWhenItsSlotMovesOn) {
  write_and_seal(get(4096), "hello");
  ended();
  a_second();
  EXPECT_EQ(charged(), 4096U);
  word(shm::SlotWord::free_slot(kSeq));
  a_second();
  EXPECT_EQ(charged(), 0U);
  EXPECT_EQ(released(), 1U);
  EXPECT_FALSE(results_.open(kSerial, kSeq, 0));
}

TEST_F(SpilledTest, ADeadWorkersFileIsDropped) {
  (void)get(4096);
  word(shm::SlotWord::ready(kSeq, 1));  // it will be tried again
  a_second();
  EXPECT_EQ(charged(), 0U);
  running();
  EXPECT_TRUE(get(8192)) << "the next attempt gets one of its own";
  EXPECT_EQ(charged(), 8192U);
}

TEST_F(SpilledTest, TheNextAttemptGetsANewFileBeforeTheOldOneIsMissed) {
  write_and_seal(get(4096), "hello");  // its worker died before it could say so
  const UniqueFd second = get(4096);
  EXPECT_TRUE(shm::Mapping::map_growing(second.get(), 4096)) << "it can be written";
  EXPECT_EQ(charged(), 4096U);
}

TEST_F(SpilledTest, IsDroppedWithItsSession) {
  (void)get(4096);
  results_.session_gone(kSerial);
  EXPECT_EQ(charged(), 0U);
  EXPECT_EQ(released(), 1U);
}

TEST_F(SpilledTest, ItsUidIsChargedForAsLongAsAClientHasItOpen) {
  write_and_seal(get(4096), "hello");
  ended();
  auto read = results_.open(kSerial, kSeq, 5);
  ASSERT_TRUE(read);
  word(shm::SlotWord::free_slot(kSeq));
  a_second();
  results_.session_gone(kSerial);
  a_second();
  EXPECT_EQ(charged(), 4096U);
  read->reset();
  a_second();
  EXPECT_EQ(charged(), 0U);
}

TEST_F(SpilledTest, ItsUidIsChargedForAsLongAsAWorkerKeepsIt) {
  UniqueFd kept = get(4096);
  UniqueFd more = get(4096);  // as if it had none
  EXPECT_EQ(charged(), 8192U);
  EXPECT_EQ(released(), 1U) << "the keeper holds one by that label";
  EXPECT_EQ(house_.daemon.deposited.size(), 2U);
  word(shm::SlotWord::free_slot(kSeq));
  a_second();
  EXPECT_EQ(charged(), 8192U);
  EXPECT_EQ(released(), 1U);
  kept.reset();
  a_second();
  EXPECT_EQ(charged(), 4096U);
  EXPECT_EQ(released(), 1U);
  more.reset();
  a_second();
  EXPECT_EQ(charged(), 0U);
  EXPECT_EQ(released(), 2U);
}

TEST_F(SpilledTest, IsNotOpenedBeforeItsJobHasEndedWithIt) {
  write_and_seal(get(4096), "hello");
  EXPECT_FALSE(results_.open(kSerial, kSeq, 5)) << "its worker may die before it says so";
  word(shm::SlotWord::terminal(kSeq, shm::SlotState::Failed, 0, Cause::CrashedSignal, shm::kDetailSpilled));
  EXPECT_FALSE(results_.open(kSerial, kSeq, 5));
  ended();
  EXPECT_TRUE(results_.open(kSerial, kSeq, 5));
}

TEST_F(SpilledTest, ASealedResultIsChargedForWhatItTakesUp) {
  const UniqueFd file = get(16 * 4096);
  ASSERT_TRUE(shm::drop_pages(file.get(), 4096, 15 * 4096));
  write_and_seal(file, "hello");
  ended();
  a_second();
  EXPECT_EQ(charged(), 4096U);
}

TEST_F(SpilledTest, ASuccessorTakesUpWhatAJobStillNeeds) {
  const UniqueFd file = get(4096);
  write_and_seal(file, "hello");
  ended();
  core::QuotaBook quota{core::QuotaLimits{}};
  SpilledResults successor({house_.table, quota, house_.daemon}, {house_.timers, {}, {}});
  unsigned taken = 0;
  const auto take = [&] { return ++taken, UniqueFd(::dup(file.get())); };
  successor.adopt(kSerial, kSeq + 1, take);
  successor.adopt(kSerial + 1, kSeq, take);
  EXPECT_EQ(taken, 0U) << "the keeper is told to close what nobody takes";
  successor.adopt(kSerial, kSeq, take);
  EXPECT_EQ(taken, 1U);
  EXPECT_EQ(quota.use(1000).bytes.value, 4096U);
  EXPECT_TRUE(successor.open(kSerial, kSeq, 5));
}

TEST_F(SpilledTest, ASuccessorChargesASealedResultForWhatItTakesUp) {
  const UniqueFd file = get(16 * 4096);
  ASSERT_TRUE(shm::drop_pages(file.get(), 4096, 15 * 4096));
  write_and_seal(file, "hello");
  ended();
  core::QuotaLimits limits;
  limits.bytes_per_uid = core::Bytes{8192};
  core::QuotaBook quota{limits};
  SpilledResults successor({house_.table, quota, house_.daemon}, {house_.timers, {}, {}});
  successor.adopt(kSerial, kSeq, [&] { return UniqueFd(::dup(file.get())); });
  EXPECT_EQ(quota.use(1000).bytes.value, 4096U) << "no more than its predecessor";
  EXPECT_TRUE(successor.open(kSerial, kSeq, 5));
}

TEST_F(SpilledTest, ASuccessorMakesTheFileOfARunningJobLonger) {
  const UniqueFd file = get(4096);
  ASSERT_TRUE(shm::lengthen_spilled(file.get(), 8192));  // its predecessor died before it had the pages
  core::QuotaBook quota{core::QuotaLimits{}};
  SpilledResults successor({house_.table, quota, house_.daemon},
                           {house_.timers, [this](std::uint32_t, core::Bytes) { return memory_; },
                            [](std::uint32_t, int fd, std::uint64_t offset, std::uint64_t bytes, const auto& done) {
                              done(shm::reserve_pages(fd, offset, bytes));
                            }});
  successor.adopt(kSerial, kSeq, [&] { return UniqueFd(::dup(file.get())); });
  for (const std::uint64_t needed : {8000U, 12'288U}) {
    std::uint64_t bytes = 0;
    successor.ask({3, kSerial, kSlot, kSeq, 4096, needed, needed},
                  [&](Result<RoomGiven>&& room) { bytes = room ? room->bytes : 0; });
    EXPECT_GE(bytes, needed);
    EXPECT_GE(shm::allocated_bytes(file.get()), needed) << "it is the file that the worker has";
    EXPECT_EQ(quota.use(1000).bytes.value, bytes);
  }
}

}  // namespace
}  // namespace ringmaster::daemon
