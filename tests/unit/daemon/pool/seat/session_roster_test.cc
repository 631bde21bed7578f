#include "daemon/pool/seat/session_roster.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/pool/fake_fates.h"
#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

using testing::FakeWorker;
using testing::SessionInMemory;
using testing::take_seat;

struct Room {
  Room() { roster.add(memory.session); }

  SessionInMemory memory;
  testing::Posted posted;
  SessionRoster roster{"t", 1000, posted.later()};
  std::vector<Seat> seats = std::vector<Seat>(2);
};

TEST(SessionRoster, KnowsSessionsByIndexAndSerial) {
  Room room;
  EXPECT_FALSE(room.roster.add(room.memory.session)) << "it was here";
  EXPECT_EQ(room.roster.at(3), &room.memory.session);
  EXPECT_EQ(room.roster.at(4), nullptr);
  EXPECT_EQ(room.roster.find(3, 7), &room.memory.session);
  EXPECT_EQ(room.roster.find(3, 8), nullptr) << "an index comes round again";
  EXPECT_EQ(room.roster.job_id_of(shm::Intent{3, 0, 5}.pack()), shm::make_job_id(7, 5));
  EXPECT_EQ(room.roster.job_id_of(shm::Intent{4, 0, 5}.pack()), 0U);
  EXPECT_EQ(room.roster.job_id_of(0), 0U);
}

TEST(SessionRoster, TheShortestRunIsWhatASessionDeclares) {
  using namespace std::chrono_literals;
  Room room;
  EXPECT_EQ(room.roster.shortest_run(1s), 1s);
  room.memory.session.shortest_run_ms = 50;
  EXPECT_EQ(room.roster.shortest_run(1s), 50ms);
  EXPECT_EQ(room.roster.shortest_run(20ms), 20ms);
  room.memory.session.shortest_run_ms = 1;
  EXPECT_EQ(room.roster.shortest_run(1s), 10ms) << "nobody looks more often";
}

TEST(SessionRoster, ASessionIsGivenOnceAndNotWhileItEnds) {
  Room room;
  FakeWorker& worker = take_seat(room.seats[0], {0, 1});
  room.roster.attach_all_to(room.seats[0]);
  room.roster.attach_all_to(room.seats[0]);
  EXPECT_EQ(worker.held, std::set<std::uint32_t>{7});
  room.memory.session.state = SessionState::Closing;
  FakeWorker& late = take_seat(room.seats[1], {1, 1}, 1);
  room.roster.attach_all_to(room.seats[1]);
  EXPECT_TRUE(late.held.empty());
}

TEST(SessionRoster, WhatCannotBeGivenForWantOfDescriptorsIsOwed) {
  Room room;
  FakeWorker& worker = take_seat(room.seats[0], {0, 1});
  room.roster.attach_owed(room.seats[0]);
  EXPECT_TRUE(worker.held.empty()) << "nothing is owed yet";
  worker.has_descriptors = false;
  room.roster.attach_to(room.seats[0], room.memory.session);
  EXPECT_TRUE(room.seats[0].owes_attach);
  room.roster.attach_owed(room.seats[0]);
  EXPECT_TRUE(room.seats[0].owes_attach) << "still none";
  worker.has_descriptors = true;
  room.roster.attach_owed(room.seats[0]);
  EXPECT_EQ(worker.held, std::set<std::uint32_t>{7});
  EXPECT_FALSE(room.seats[0].owes_attach);
}

TEST(SessionRoster, ACancelOfAnEarlierSessionAtItsIndexIsForgotten) {
  Room room;
  FakeWorker& worker = take_seat(room.seats[0], {0, 1});
  worker.control().cancel = shm::Intent{3, 0, 5}.pack();
  room.roster.attach_to(room.seats[0], room.memory.session);
  EXPECT_EQ(worker.control().cancel, 0U);
}

TEST(SessionRoster, ACancelOfTheJobThatRunsStands) {
  Room room;
  FakeWorker& worker = take_seat(room.seats[0], {0, 1});
  worker.runs({3, 0, 5});
  worker.control().cancel = shm::Intent{3, 0, 5}.pack();
  room.roster.attach_to(room.seats[0], room.memory.session);
  EXPECT_NE(worker.control().cancel, 0U);
}

TEST(SessionRoster, DetachedIsWhatEveryHolderHasGivenBack) {
  Room room;
  FakeWorker& worker = take_seat(room.seats[0], {0, 1});
  take_seat(room.seats[1], {1, 1}, 1);
  room.roster.attach_to(room.seats[0], room.memory.session);
  bool done = false;
  room.roster.detach(3, 7, room.seats, [&done] { done = true; });
  ASSERT_EQ(worker.told<worker_link::Detach>().size(), 1U);
  EXPECT_EQ(worker.told<worker_link::Detach>()[0].serial, 7U);
  room.roster.session_given_back(8, {0, 1});
  room.roster.session_given_back(7, {1, 1});
  room.posted.run();
  EXPECT_FALSE(done) << "another session, another worker";
  EXPECT_EQ(room.roster.at(3), &room.memory.session) << "a death meanwhile is resolved in it";
  room.roster.session_given_back(7, {0, 1});
  EXPECT_FALSE(done) << "never within the call";
  room.posted.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(room.roster.at(3), nullptr);
}

TEST(SessionRoster, ADeathGivesEverythingBack) {
  Room room;
  take_seat(room.seats[0], {0, 1});
  room.roster.attach_to(room.seats[0], room.memory.session);
  int done = 0;
  room.roster.detach(3, 7, room.seats, [&done] { ++done; });
  room.roster.process_gone({0, 2});
  room.posted.run();
  EXPECT_EQ(done, 0) << "another incarnation";
  room.roster.process_gone({0, 1});
  room.roster.process_gone({0, 1});
  room.posted.run();
  EXPECT_EQ(done, 1);
}

TEST(SessionRoster, AnAdoptedWorkerAndAnOrphanMayHaveAnySession) {
  Room room;
  take_seat(room.seats[0], {0, 1}).adopted_by_us = true;
  room.seats[1].orphan.emplace().owner = {1, 1};
  bool done = false;
  room.roster.detach(9, 99, room.seats, [&done] { done = true; });
  room.roster.session_given_back(99, {0, 1});
  room.posted.run();
  EXPECT_FALSE(done) << "the orphan's answer is its exit";
  room.roster.process_gone({1, 1});
  room.posted.run();
  EXPECT_TRUE(done);
}

TEST(SessionRoster, WithoutWorkersASessionGoesAtOnce) {
  Room room;
  bool done = false;
  room.roster.detach(3, 7, room.seats, [&done] { done = true; });
  EXPECT_EQ(room.roster.at(3), nullptr);
  room.posted.run();
  EXPECT_TRUE(done);
}

TEST(SessionRoster, AWorkerIsBelievedForWhatItWasGivenAndForNothingElse) {
  using Reason = worker_link::BrokenReason;
  Room room;
  FakeWorker& worker = take_seat(room.seats[0], {0, 1});
  testing::FakeFates fates;
  room.roster.on_broken(worker, {3, 8, Reason::BadSegment, 0}, fates);
  room.roster.on_broken(worker, {shm::kMaxSessions + 3, 7, Reason::BadSegment, 0}, fates);
  EXPECT_TRUE(fates.broken_sessions.empty());
  room.roster.on_broken(worker, {3, 7, Reason::BadSegment, 0}, fates);
  EXPECT_EQ(fates.broken_sessions, std::vector<std::uint32_t>{7});
  room.roster.on_broken(worker, {3, 7, Reason::MapFailed, ENOMEM}, fates);
  EXPECT_EQ(fates.lost_sessions, std::vector<std::uint32_t>{7}) << "not its client's fault";
  room.roster.on_broken(worker, {5000, 7, Reason::BadIndex, 0}, fates);
  EXPECT_EQ(worker.told<worker_link::Detach>().size(), 1U);
}

}  // namespace
}  // namespace ringmaster::daemon
