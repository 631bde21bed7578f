#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "shm/job_end.h"
#include "shm/spilled_file.h"
#include "tests/testing/fake_pool.h"

namespace ringmaster::testing {
namespace {

/// The file of a result, as a worker leaves it.
UniqueFd file_of(std::string_view text) {
  UniqueFd file = shm::create_spilled("test").value();
  shm::lengthen_spilled(file.get(), 4096).value();
  std::memcpy(shm::Mapping::map_growing(file.get(), text.size()).value().bytes().data(), text.data(), text.size());
  shm::seal_spilled(file.get()).value();
  return file;
}

shm::JobResult spilled(std::uint64_t bytes) {
  return {shm::SlotState::Done, Cause::Completed, shm::kDetailSpilled, bytes, 0, {}};
}

/// A session of one worker and a daemon that has the files of results.
struct Spilling {
  Spilling() {
    core->asks({nullptr, [this](std::uint64_t job_id) -> Result<UniqueFd> {
                  asked.push_back(job_id);
                  slot_word_then = shm::SlotWord(pool.session().reply.word(0).load());
                  if (!file) return Error{"it is not kept any more"};
                  return UniqueFd(::dup(file.get()));
                }});
  }
  /// A job with room for 4 bytes has ended with a larger result.
  std::uint32_t run(std::uint64_t bytes) {
    const std::uint32_t job = submit_text(*core, "echo", "x", {.result_capacity = 4});
    EXPECT_TRUE(pool.step([bytes](const shm::Claim& claim, const shm::JobExtents&) {
      EXPECT_NE(claim.job.flags & shm::kJobTakesSpilled, 0U);
      return spilled(bytes);
    }));
    return job;
  }

  FakePool pool;
  std::shared_ptr<client::SessionCore> core = pool.connect();
  UniqueFd file = file_of("hello");
  std::vector<std::uint64_t> asked;
  shm::SlotWord slot_word_then;
};

TEST(SessionSpilled, AResultThatOutgrewItsRoomLooksLikeAnyOther) {
  Spilling session;
  const std::uint32_t job = session.run(5);
  const std::uint64_t id = session.core->job_id(job);
  const auto outcome = session.core->wait(job, kForever);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->ok());
  EXPECT_EQ(outcome->text(), "hello");
  EXPECT_EQ(outcome->detail(), 0U);
  EXPECT_EQ(session.asked, std::vector{id});
  EXPECT_TRUE(shm::has_spilled(session.slot_word_then)) << "the slot names the job until its result is here";
  EXPECT_EQ(session.core->port().in_flight(), 0U) << "and is free afterwards";
}

TEST(SessionSpilled, MayBeWrittenByWhoTookItAndByNobodyElse) {
  Spilling session;
  const auto outcome = session.core->wait(session.run(5), kForever);
  ASSERT_TRUE(outcome);
  const_cast<std::byte&>(outcome->result()[0]) = std::byte{'j'};  // as bindings of other languages do
  EXPECT_EQ(outcome->text(), "jello");
  const auto kept = shm::Mapping::map(session.file.get(), shm::Access::Private, 5).value();
  EXPECT_EQ(kept.bytes()[0], std::byte{'h'});
}

TEST(SessionSpilled, OutlivesItsSession) {
  Spilling session;
  auto outcome = session.core->wait(session.run(5), kForever);
  ASSERT_TRUE(outcome);
  session.core->close();
  session.core.reset();
  EXPECT_EQ(outcome->text(), "hello");
}

TEST(SessionSpilled, NextFetchesItToo) {
  Spilling session;
  Request request;
  ASSERT_TRUE(
      session.core->submit("echo", request, {}, {.result_capacity = 4, .cookie = 77}, client::JobRecord::Taker::Next));
  ASSERT_TRUE(session.pool.step([](const shm::Claim&, const shm::JobExtents&) { return spilled(5); }));
  Ended ended;
  ASSERT_TRUE(session.core->next(Duration(0), ended));
  EXPECT_EQ(ended.cookie, 77U);
  EXPECT_EQ(ended.outcome.text(), "hello");
}

TEST(SessionSpilled, WithoutTheDaemonsWordTheJobIsLostAndItsSlotFree) {
  Spilling session;
  session.file.reset();
  const auto outcome = session.core->wait(session.run(5), kForever);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Lost);
  EXPECT_EQ(outcome->cause(), Cause::Lost);
  EXPECT_EQ(outcome->message(), "its result of 5 bytes cannot be fetched: it is not kept any more");
  EXPECT_TRUE(outcome->result().empty());
  EXPECT_EQ(session.core->port().in_flight(), 0U);
}

TEST(SessionSpilled, AFileThatIsTooShortOrCanChangeIsNotRead) {
  Spilling session;
  EXPECT_EQ(session.core->wait(session.run(5000), kForever)->status(), Status::Lost);
  session.file = shm::create_spilled("test").value();
  shm::lengthen_spilled(session.file.get(), 4096).value();
  EXPECT_EQ(session.core->wait(session.run(5), kForever)->status(), Status::Lost);
}

TEST(SessionSpilled, OfAJobThatNobodyWaitsForIsNotFetched) {
  Spilling session;
  const std::uint32_t job = session.run(5);
  EXPECT_TRUE(session.core->ended(job));
  session.core->abandon(job);
  EXPECT_TRUE(session.asked.empty());
  EXPECT_EQ(session.core->port().in_flight(), 0U);
}

TEST(SessionSpilled, AResultForWhichThereWasNoRoomIsNotAskedForAgain) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "x", {.idempotent = true, .result_capacity = 4});
  ASSERT_TRUE(pool.step([](const shm::Claim&, const shm::JobExtents&) {
    return shm::JobResult{shm::SlotState::Failed, Cause::TooLarge, shm::kDetailNoRoom, 0, 100, "no more"};
  }));
  const auto outcome = core->wait(job, Duration(0));
  ASSERT_TRUE(outcome) << "it is not run again";
  EXPECT_EQ(outcome->cause(), Cause::TooLarge);
  EXPECT_EQ(outcome->facts().needed_bytes, 100U);
  EXPECT_FALSE(outcome->facts().wants_room());
}

}  // namespace
}  // namespace ringmaster::testing
