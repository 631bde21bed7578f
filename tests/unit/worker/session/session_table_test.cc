#include "worker/session/session_table.h"

#include <gtest/gtest.h>

#include <string>

#include "shm/memfd.h"
#include "shm/port/hints.h"

namespace ringmaster::worker {
namespace {

constexpr shm::SessionGeometry kGeometry{64, 4096, 4096};
constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kLong = 10 * SessionTable::kHotForNs;

// Sessions in real sealed memory, with the client's stores done by hand, and one worker's table of them.
class Sessions : public testing::Test {
 protected:
  Sessions() {
    lane_memory_ = fresh(shm::create_segment("lane", sizeof(shm::LaneRecord)).value());
    control_memory_ = fresh(shm::create_segment("control", sizeof(shm::ControlRecord)).value());
    self_.owner = {3, 9};
    self_.lane = shm::format_lane(lane_memory_.bytes(), 0, self_.owner);
    self_.control = control_ = shm::format_control(control_memory_.bytes(), 0, self_.owner);
  }

  static shm::Mapping fresh(const UniqueFd& fd) { return shm::Mapping::map(fd.get(), shm::Access::ReadWrite).value(); }

  void attach(std::uint32_t index, std::uint32_t uid = 1000, std::uint8_t priority = 0) {
    const UniqueFd request = shm::create_segment("request", kGeometry.request_segment_bytes()).value();
    const UniqueFd reply = shm::create_segment("reply", kGeometry.reply_segment_bytes()).value();
    memory_.push_back(fresh(request));
    requests_.push_back(shm::RequestView::format(memory_.back().bytes(), kGeometry, index + 1, index, 0));
    memory_.push_back(fresh(reply));
    (void)shm::ReplyView::format(memory_.back().bytes(), kGeometry, index + 1, index, 0);
    const worker_link::Attach about{index,
                                    index + 1,
                                    uid,
                                    true,
                                    priority,
                                    1,
                                    kGeometry.slots,
                                    kGeometry.request_segment_bytes(),
                                    kGeometry.reply_segment_bytes(),
                                    kGeometry.request_ring_bytes,
                                    kGeometry.result_ring_bytes};
    AttachFailure failure;
    table_.add(open_session(about, request.get(), reply.get(), UniqueFd(), failure));
  }
  void attach_cold(std::uint32_t count) {
    for (std::uint32_t index = 0; index < count; ++index) attach(index);
    EXPECT_FALSE(table_.look_at_all(kLong));
    EXPECT_EQ(table_.hot_count(), 0U);
  }

  void submit(std::uint32_t session, std::uint32_t slot = 0, std::uint64_t submitted_ns = 0) {
    requests_[session].descriptor(slot).submitted_ns = submitted_ns;
    const shm::ReplyView& reply = table_.at(session)->port.reply;
    reply.word(slot).store(shm::SlotWord::ready(++seq_, 0).bits());
    shm::set_hint(reply.ready(), slot);
  }

  void charge(std::uint32_t uid, std::uint64_t refused_until_ns = 0) {
    const shm::ChargedUser user{uid, 5, refused_until_ns};
    shm::write_charges(*control_, {&user, 1});
    ASSERT_TRUE(charged_.outdated(*control_));
    ASSERT_TRUE(charged_.read(*control_));
    table_.set_charges(charged_);
  }

  // The index of the session whose job is claimed, -1: none is in sight.
  int claim_at(std::uint64_t now_ns) {
    AttachedSession* from = nullptr;
    shm::Claim claimed;
    if (table_.claim_next(self_, now_ns, claimed, from) != shm::ClaimStatus::Claimed) return -1;
    self_.lane->words.intent.store(0);
    return static_cast<int>(from->about.index);
  }

  std::uint32_t seq_ = 0;
  shm::Mapping lane_memory_, control_memory_;
  std::vector<shm::Mapping> memory_;
  std::vector<shm::RequestView> requests_;
  shm::WorkerSelf self_;
  shm::ControlRecord* control_ = nullptr;
  shm::ChargedUsers charged_;
  SessionTable table_;
};

TEST_F(Sessions, AreHotUntilTheFirstLookAtAll) {
  attach(0);
  submit(0);
  EXPECT_EQ(claim_at(1), 0);
}

TEST_F(Sessions, AColdOneCostsNoLookAndIsFoundByALookAtAll) {
  attach_cold(3);
  submit(1);
  EXPECT_FALSE(table_.may_have_work());
  EXPECT_FALSE(table_.has_ready_job());
  EXPECT_EQ(claim_at(kLong), -1);
  EXPECT_TRUE(table_.look_at_all(kLong + kMs));
  EXPECT_EQ(table_.hot_count(), 1U);
  EXPECT_TRUE(table_.has_ready_job());
  EXPECT_EQ(claim_at(kLong + kMs), 1);
}

TEST_F(Sessions, AColdOneWhoseBellRangIsLookedAt) {
  attach_cold(3);
  submit(2);
  table_.rung(2, kLong);
  EXPECT_EQ(claim_at(kLong), 2);
  table_.rung(7, kLong);  // A session that was detached since.
  EXPECT_EQ(table_.hot_count(), 1U);
}

TEST_F(Sessions, StayHotForAWhileAfterTheirLastJob) {
  attach_cold(2);
  submit(0);
  table_.rung(0, kLong);
  EXPECT_EQ(claim_at(kLong), 0);
  shm::clear_hint(table_.at(0)->port.reply.ready(), 0);
  EXPECT_FALSE(table_.look_at_all(kLong + SessionTable::kHotForNs));
  EXPECT_EQ(table_.hot_count(), 1U);
  EXPECT_FALSE(table_.look_at_all(kLong + SessionTable::kHotForNs + 1));
  EXPECT_EQ(table_.hot_count(), 0U);
}

TEST_F(Sessions, OfManyThatRestTheOldestCoolFirst) {
  constexpr std::uint32_t kMany = SessionTable::kHotSessions + 10;
  attach_cold(kMany);
  for (std::uint32_t index = 0; index < kMany; ++index) table_.rung(index, kLong + index);
  EXPECT_FALSE(table_.look_at_all(kLong + kMs));
  EXPECT_EQ(table_.hot_count(), SessionTable::kHotSessions);
  submit(9);
  EXPECT_EQ(claim_at(kLong + kMs), -1);
  submit(10);
  EXPECT_EQ(claim_at(kLong + kMs), 10);
}

TEST_F(Sessions, NoneWithWorkIsLeftOutHoweverMany) {
  constexpr std::uint32_t kMany = SessionTable::kHotSessions * 2;
  attach_cold(kMany);
  for (std::uint32_t index = 0; index < kMany; ++index) submit(index);
  EXPECT_TRUE(table_.look_at_all(kLong));
  for (std::uint32_t index = 0; index < kMany; ++index) EXPECT_EQ(claim_at(kLong), static_cast<int>(index));
}

// Five busy sessions of one user, one of another, one of a higher class, all found at the same look.
TEST_F(Sessions, TurnsAreTakenByClassThenUserAlsoAmongThoseThatWereCold) {
  for (std::uint32_t index = 0; index < 5; ++index) attach(index, 1000, 1);
  attach(5, 2000, 1);
  attach(6, 1000, 0);
  EXPECT_FALSE(table_.look_at_all(kLong));
  for (std::uint32_t index = 0; index < 7; ++index)
    for (std::uint32_t slot = 0; slot < 4; ++slot) submit(index, slot);
  EXPECT_TRUE(table_.look_at_all(kLong));
  std::string order;
  for (int i = 0; i < 12; ++i) order += std::to_string(claim_at(kLong));
  EXPECT_EQ(order, "666605152535");
}

// Sessions 0 and 1 of a user who asks all the time, 2 of one who asks seldom.
TEST_F(Sessions, WhoComesSeldomIsServedBeforeThoseThatHadTheirTurnSince) {
  attach(0, 1000);
  attach(1, 1000);
  attach(2, 2000);
  attach(3, 3000);
  submit(2);
  EXPECT_EQ(claim_at(1), 2);
  EXPECT_FALSE(table_.look_at_all(kLong) && table_.hot_count() > 1);
  shm::clear_hint(table_.at(2)->port.reply.ready(), 0);
  table_.look_at_all(2 * kLong);
  ASSERT_EQ(table_.hot_count(), 0U);
  for (std::uint32_t slot = 0; slot < 8; ++slot) submit(0, slot), submit(1, slot), submit(3, slot);
  table_.look_at_all(2 * kLong);
  std::string order;
  for (int i = 0; i < 3; ++i) order += std::to_string(claim_at(2 * kLong));
  submit(2, 1);
  table_.look_at_all(2 * kLong + kMs);
  for (int i = 0; i < 4; ++i) order += std::to_string(claim_at(2 * kLong + kMs));
  EXPECT_EQ(order, "0312303");
}

TEST_F(Sessions, AChargedUsersJobsWaitBehindAllOthersEvenThoseOfColdSessions) {
  attach(0, 1000, 0);
  attach(1, 2000, 3);
  attach(2, 2000, 3);
  charge(1000);
  EXPECT_FALSE(table_.look_at_all(kLong));
  for (std::uint32_t slot = 0; slot < 3; ++slot) submit(0, slot), submit(1, slot);
  table_.look_at_all(kLong);
  submit(2);  // In a cold session: nobody has told this worker.
  ASSERT_EQ(table_.hot_count(), 2U);
  std::string order;
  for (int i = 0; i < 7; ++i) order += std::to_string(claim_at(kLong));
  EXPECT_EQ(order, "1112000");
}

TEST_F(Sessions, AChargedUserGetsATurnEachSecond) {
  attach(0, 1000);
  attach(1, 2000);
  charge(1000);
  for (std::uint32_t slot = 0; slot < 10; ++slot) submit(0, slot), submit(1, slot);
  EXPECT_EQ(claim_at(kLong), 1);
  EXPECT_EQ(claim_at(kLong + SessionTurns::kChargedWaitNs - 1), 1);
  EXPECT_EQ(claim_at(kLong + SessionTurns::kChargedWaitNs), 0);
  EXPECT_EQ(claim_at(kLong + SessionTurns::kChargedWaitNs), 1);
  EXPECT_EQ(claim_at(kLong + 2 * SessionTurns::kChargedWaitNs), 0);
}

TEST_F(Sessions, WhoIsChargedNoLongerTakesTurnsAgainAndANewSessionIsChargedToo) {
  attach(0, 1000);
  attach(1, 2000);
  charge(1000);
  for (std::uint32_t slot = 0; slot < 4; ++slot) submit(0, slot), submit(1, slot);
  EXPECT_EQ(claim_at(1), 1);
  shm::write_charges(*control_, {});
  ASSERT_TRUE(charged_.read(*control_));
  table_.set_charges(charged_);
  EXPECT_EQ(claim_at(1), 0);
  EXPECT_EQ(claim_at(1), 1);
  charge(2000);
  attach(2, 2000);
  submit(2);
  EXPECT_TRUE(table_.at(2)->charged());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(claim_at(1), 0);
}

// Who cools or leaves takes nobody's turn.
TEST_F(Sessions, TheRoundGoesOnWhereItWasWhenSessionsLeave) {
  for (std::uint32_t index = 0; index < 4; ++index) {
    attach(index);
    for (std::uint32_t slot = 0; slot < 4; ++slot) submit(index, slot);
  }
  std::string order;
  for (int i = 0; i < 2; ++i) order += std::to_string(claim_at(1));
  table_.remove(0);
  for (int i = 0; i < 3; ++i) order += std::to_string(claim_at(1));
  table_.remove(2);
  for (int i = 0; i < 2; ++i) order += std::to_string(claim_at(1));
  EXPECT_EQ(order, "0123131");
  EXPECT_EQ(table_.count(), 2U);
}

TEST_F(Sessions, AJobIsOverlookedIfItWasThereBeforeAndItsSessionIsStillCold) {
  attach_cold(2);
  submit(0, 0, kLong + 5);
  EXPECT_FALSE(table_.overlooked(kLong + 5));
  EXPECT_TRUE(table_.overlooked(kLong + 6));
  table_.rung(0, kLong);
  EXPECT_FALSE(table_.overlooked(kLong + 6));
  // One that a crash has made Ready again is not as old as it looks.
  submit(1, 0, kLong);
  table_.at(1)->port.reply.word(0).store(shm::SlotWord::ready(seq_, 1).bits());
  EXPECT_FALSE(table_.overlooked(kLong + 6));
}

TEST_F(Sessions, AJobWaitsFromAnAgeOnOrIfItsAgeIsUnknown) {
  attach(0);
  submit(0, 0, kLong);
  EXPECT_FALSE(table_.has_waiting_job(kLong + 99, 100));
  EXPECT_TRUE(table_.has_waiting_job(kLong + 100, 100));
  // Submitted since the clock was read, and by a client whose clock is another.
  EXPECT_FALSE(table_.has_waiting_job(kLong - 100, 100));
  EXPECT_TRUE(table_.has_waiting_job(kLong - 101, 100));
  table_.at(0)->port.reply.word(0).store(shm::SlotWord::ready(seq_, 1).bits());
  EXPECT_TRUE(table_.has_waiting_job(kLong, 100));
}

}  // namespace
}  // namespace ringmaster::worker
